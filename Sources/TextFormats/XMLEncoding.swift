// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Gives an XML file's bytes as UTF-8, whatever encoding the file has or declares.
package enum XMLEncoding {
    /// Declared names that are no constants of Foundation's, by their numbers there.
    private static let further: [String: UInt] = [
        "gb2312": 0x8000_0632, "gbk": 0x8000_0632, "gb18030": 0x8000_0632, "big5": 0x8000_0A03,
        "euc-kr": 0x8000_0940, "koi8-r": 0x8000_0A02, "iso-8859-5": 0x8000_0205,
        "iso-8859-7": 0x8000_0207, "iso-8859-9": 0x8000_0209, "iso-8859-15": 0x8000_020F,
    ]

    private static let known: [String: String.Encoding] = [
        "iso-8859-1": .isoLatin1, "latin1": .isoLatin1, "latin-1": .isoLatin1,
        "iso-8859-2": .isoLatin2, "windows-1250": .windowsCP1250, "cp1250": .windowsCP1250,
        "windows-1251": .windowsCP1251, "cp1251": .windowsCP1251,
        "windows-1252": .windowsCP1252, "cp1252": .windowsCP1252,
        "windows-1253": .windowsCP1253, "windows-1254": .windowsCP1254,
        "shift_jis": .shiftJIS, "shift-jis": .shiftJIS, "euc-jp": .japaneseEUC,
        "macintosh": .macOSRoman,
    ]

    /// `bytes` as UTF-8 without a byte order mark.
    ///
    /// A byte order mark counts before the declaration, which counts before XML's default, UTF-8.
    /// UTF-16 is known without a mark too.
    ///
    /// - Parameter name: The file's name for messages.
    /// - Throws: One line for an encoding that isn't known, and for bytes that it hasn't.
    package static func utf8(_ bytes: [UInt8], name: String) throws(InputError) -> [UInt8] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(bytes.dropFirst(3)) }
        if bytes.starts(with: [0xFF, 0xFE]) {
            return try convert(bytes.dropFirst(2), .utf16LittleEndian, "UTF-16", name)
        }
        if bytes.starts(with: [0xFE, 0xFF]) {
            return try convert(bytes.dropFirst(2), .utf16BigEndian, "UTF-16", name)
        }
        if bytes.starts(with: [0x3C, 0]) {
            return try convert(bytes[...], .utf16LittleEndian, "UTF-16", name)
        }
        if bytes.starts(with: [0, 0x3C]) {
            return try convert(bytes[...], .utf16BigEndian, "UTF-16", name)
        }
        guard let declared = declaration(bytes) else { return bytes }
        let key = declared.lowercased()
        // What declares UTF-16 and is none was written as UTF-8 by a program that copied the line.
        if ["utf-8", "utf8", "us-ascii", "ascii", "utf-16", "unicode"].contains(key) {
            return bytes
        }
        guard let encoding = known[key] ?? further[key].map(String.Encoding.init(rawValue:)) else {
            throw InputError(
                "\(name): declares the encoding \(MessageText.quoted(declared)); expected UTF-8, "
                    + "UTF-16, ISO-8859-1, windows-1252 or another usual one, convert it to UTF-8")
        }
        return try convert(bytes[...], encoding, declared, name)
    }

    private static func convert(
        _ bytes: ArraySlice<UInt8>, _ encoding: String.Encoding, _ shown: String, _ name: String
    ) throws(InputError) -> [UInt8] {
        guard let text = String(data: Data(bytes), encoding: encoding) else {
            throw InputError(
                "\(name): has bytes that are no \(shown), which it declares; expected one encoding, "
                    + "convert it to UTF-8")
        }
        return Array(text.utf8)
    }

    /// The encoding that a document declares in its first line.
    private static func declaration(_ bytes: [UInt8]) -> String? {
        let head = bytes.prefix(512).drop { [0x20, 0x0A, 0x09, 0x0D].contains($0) }
        guard head.starts(with: Array("<?xml".utf8)) else { return nil }
        let text = String(decoding: head, as: UTF8.self)
        guard let end = text.range(of: "?>"),
            let found = text[..<end.lowerBound].range(of: "encoding")
        else { return nil }
        let rest = text[found.upperBound..<end.lowerBound]
            .drop { $0 == "=" || $0.isWhitespace }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
        return String(rest.dropFirst().prefix { $0 != quote })
    }
}
