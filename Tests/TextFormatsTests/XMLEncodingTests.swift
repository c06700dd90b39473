// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import TextFormats

@Suite("Encodings of XML") struct XMLEncodingTests {
    private func text(_ bytes: [UInt8]) throws -> String {
        String(decoding: try XMLEncoding.utf8(bytes, name: "a.xml"), as: UTF8.self)
    }

    private func declared(_ name: String, _ body: [UInt8]) -> [UInt8] {
        Array("<?xml version=\"1.0\" encoding='\(name)'?><a>".utf8) + body + Array("</a>".utf8)
    }

    @Test(
        "declared ones are honoured",
        arguments: [
            ("ISO-8859-1", [0xE9], "é"), ("latin-1", [0xFC], "ü"),
            ("Windows-1252", [0x80, 0x9C], "€œ"), ("cp1251", [0xC4], "Д"),
            ("GB18030", [0xC4, 0xE3], "你"), ("shift_jis", [0x83, 0x41], "ア"),
            ("UTF-8", [0xC3, 0xA9], "é"), ("us-ascii", [0x41], "A"), ("UTF-16", [0x41], "A"),
        ] as [(String, [UInt8], String)])
    func declaredEncodings(name: String, body: [UInt8], expected: String) throws {
        #expect(try text(declared(name, body)).hasSuffix("<a>\(expected)</a>"))
    }

    @Test("UTF-16 is known with and without its mark") func utf16() throws {
        let whole = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>é€</a>"
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            let bytes = [UInt8](try #require(whole.data(using: encoding)))
            let mark: [UInt8] = encoding == .utf16LittleEndian ? [0xFF, 0xFE] : [0xFE, 0xFF]
            #expect(try text(bytes) == whole)
            #expect(try text(mark + bytes) == whole)
        }
        #expect(try text([0xEF, 0xBB, 0xBF] + declared("latin1", [0x41])).hasPrefix("<?xml"))
    }

    @Test("what can't be converted is one line") func unknown() {
        for (bytes, part) in [
            (declared("klingon", [0x41]), "\"klingon\""),
            (declared("shift_jis", [0x81]), "no shift_jis"),
        ] {
            #expect {
                try XMLEncoding.utf8(bytes, name: "a.xml")
            } throws: {
                "\($0)".hasPrefix("a.xml: ") && "\($0)".contains(part)
            }
        }
        for count in 0..<60 {
            _ = try? XMLEncoding.utf8(Array(declared("UTF-16", [0xD8]).prefix(count)), name: "a")
        }
    }
}
