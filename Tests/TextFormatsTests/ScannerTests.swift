// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Testing
import TextFormats

@Suite("Scanners") struct ScannerTests {
    /// A JSON value as nested text, to compare whole documents.
    private func shown(_ scanner: inout JSONScanner) throws -> String {
        switch scanner.kind {
        case .object:
            var parts: [String] = []
            try scanner.open("{")
            while let name = try scanner.nextName() {
                parts.append("\(name)=\(try shown(&scanner))")
            }
            return "{\(parts.joined(separator: ";"))}"
        case .array:
            var parts: [String] = []
            try scanner.open("[")
            while try scanner.nextItem() { parts.append(try shown(&scanner)) }
            return "[\(parts.joined(separator: ";"))]"
        case .string: return "'\(try scanner.string())'"
        case .number: return MessageText.number(try scanner.number())
        case .boolean: return try scanner.boolean() ? "yes" : "no"
        default:
            let kind = scanner.kind.rawValue
            try scanner.skipValue()
            return kind
        }
    }

    private func json(_ text: String) throws -> String {
        var scanner = JSONScanner(terminated: Array(text.utf8) + [0], name: "a")
        let value = try shown(&scanner)
        try scanner.end()
        return value
    }

    @Test("JSON of every kind is read as it stands") func everyKind() throws {
        let text =
            "\u{FEFF} {\"a\": [1, -0.5e2, 1e400, \"x\\n\\u00e9\\ud83d\\ude00\"], \"b\": {}, "
            + "\"c\": [true, false, null, NaN, -Infinity, []]}\n"
        #expect(
            try json(text)
                == "{a=[1;-50;inf;'x\né😀'];b={};c=[yes;no;null;NaN or Infinity;NaN or Infinity;[]]}"
        )
    }

    @Test("what is written as a JSON string reads back") func stringsRoundTrip() throws {
        let text = "a\"b\\c\n\t\r\u{1}é😀"
        #expect(try json(JSONText.string(text)) == "'\(text)'")
        #expect(MessageText.number(3) == "3" && MessageText.number(0.1) == "0.1")
        #expect(MessageText.quoted("a\u{7}" + String(repeating: "b", count: 99)).count == 63)
    }

    @Test("numbers are those of strtod, long and short ones") func numbers() throws {
        for text in [
            "0", "-0.1", "123456789.123456", "1e-7", "9007199254740993", "0.30000000000000004",
        ] {
            #expect(try json(text) == MessageText.number(try #require(Double(text))), "\(text)")
        }
    }

    @Test("lines are counted on and again from the start") func lines() throws {
        var scanner = JSONScanner(
            terminated: Array("[\n1,\n\n2]".utf8) + [0], name: "a.json")
        #expect(scanner.line() == 1)
        try scanner.open("[")
        #expect(try scanner.nextItem() && scanner.line() == 2)
        _ = try scanner.number()
        #expect(try scanner.nextItem() && scanner.line() == 4)
        #expect(scanner.failure("x").description == "a.json: line 4: x")
    }

    @Test("every part of a document is an error of one line, never a trap") func prefixes() {
        let text = "{\"a\": [1.5e3, \"\\u00e9\", true, null], \"b\": {\"c\": -Infinity}}"
        for count in 0..<text.utf8.count {
            let part = String(decoding: Array(text.utf8.prefix(count)), as: UTF8.self)
            do {
                _ = try json(part)
                Issue.record("\(part) was read")
            } catch {
                #expect("\(error)".hasPrefix("a: line 1: found"), "\(error)")
            }
        }
    }

    @Test("XML gives elements, texts and ends; definitions of entities are refused")
    func elements() throws {
        func events(_ text: String) throws -> [XMLScanner.Event] {
            var scanner = XMLScanner(terminated: Array(text.utf8) + [0], name: "a.xml")
            var events: [XMLScanner.Event] = []
            while let event = try scanner.next() { events.append(event) }
            return events
        }
        #expect(
            try events("<?xml?><a b='1'>x&amp;&#65;<c/><![CDATA[<]]></a><!-- -->")
                == [.start("a"), .text("x&A"), .start("c"), .end, .text("<"), .end])
        let bombs = [
            "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>": "document type", "<a>&b;</a>": "entity",
            "<a></b>": "expected </a>", "<a>": "expected </a>",
            String(repeating: "<a>", count: 100): "deeper than 32",
        ]
        for (text, part) in bombs {
            do {
                _ = try events(text)
                Issue.record("\(text) was read")
            } catch {
                #expect("\(error)".contains(part) && !"\(error)".contains("\n"), "\(error)")
            }
        }
    }

    @Test("files that cannot be read whole are one line") func files() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-text-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("12345".utf8).write(to: URL(fileURLWithPath: path))
        #expect(
            try TextFile.read(path, expected: "x", limit: 5, terminator: [0])
                == Array("12345".utf8) + [0])
        for (path, limit, part) in [
            (path, 4, "has 5 bytes"), (path + "-none", 9, "cannot be read"),
            ("/dev/zero", 9, "device"),
        ] {
            do throws(InputError) {
                _ = try TextFile.read(path, expected: "x", limit: limit)
                Issue.record("\(path) was read")
            } catch {
                #expect(error.description.contains(part), "\(error)")
            }
        }
    }
}
