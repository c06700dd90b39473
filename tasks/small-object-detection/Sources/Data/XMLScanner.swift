// SPDX-License-Identifier: Apache-2.0

/// Reads the part of XML that annotations use, event by event, in bounded memory.
///
/// Elements, attributes (checked and skipped), texts, CDATA, comments and the five predefined
/// entities. DOCTYPE and with it every definition of an entity is refused: nothing can expand.
struct XMLScanner {
    /// What comes next in the text.
    enum Event: Equatable {
        case start(String)
        case text(String)
        case end
    }

    /// VOC files nest 4 levels deep.
    static let maximumDepth = 32

    /// The text and a final 0, which no rule accepts.
    private let bytes: [UInt8]
    private let name: String
    private var position = 0
    private var stack: [String] = []
    private var hasRoot = false
    /// Whether an element without content has been opened and not closed.
    private var isEmptyElement = false

    /// - Parameters:
    ///   - bytes: The text and a final 0.
    ///   - name: The file's name for messages.
    init(terminated bytes: [UInt8], name: String) {
        precondition(bytes.last == 0, "XML text without a final 0")
        self.bytes = bytes
        self.name = name
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next event; nil at the end of a whole document.
    mutating func next() throws(DetectionError) -> Event? {
        if isEmptyElement {
            isEmptyElement = false
            stack.removeLast()
            return .end
        }
        while true {
            if stack.isEmpty { skipSpace() }
            guard position < bytes.count - 1 else {
                guard stack.isEmpty, hasRoot else {
                    throw failure(
                        "found the end of the file; expected "
                            + (stack.last.map { "</\($0)>" } ?? "an element"))
                }
                return nil
            }
            if skip("<!--") {
                try skip(past: "-->", "the end of a comment")
            } else if skip("<?") {
                try skip(past: "?>", "the end of an instruction")
            } else if skip("<![CDATA[") {
                guard !stack.isEmpty else { throw failure("found text outside the elements") }
                let start = position
                try skip(past: "]]>", "the end of a CDATA section")
                return .text(try string(bytes[start..<position - 3]))
            } else if skip("<!") {
                throw failure(
                    "found a document type or entity definition; expected none, remove it")
            } else if skip("</") {
                return try endTag()
            } else if bytes[position] == UInt8(ascii: "<") {
                return try startTag()
            } else {
                guard !stack.isEmpty else {
                    throw failure("found \(here) outside the elements; expected an element")
                }
                return .text(try text())
            }
        }
    }

    private mutating func startTag() throws(DetectionError) -> Event {
        position += 1
        guard !(stack.isEmpty && hasRoot) else {
            throw failure("found a second root element; expected one")
        }
        let element = try elementName()
        guard stack.count < Self.maximumDepth else {
            throw failure("elements nested deeper than \(Self.maximumDepth); expected less")
        }
        while true {
            let start = position
            skipSpace()
            if skip(">") { break }
            if skip("/>") {
                isEmptyElement = true
                break
            }
            guard position > start else { throw failure("found \(here); expected \">\"") }
            _ = try elementName()
            skipSpace()
            guard skip("=") else { throw failure("found \(here); expected \"=\"") }
            skipSpace()
            let quote = bytes[position]
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw failure("found \(here); expected a value in quotes")
            }
            position += 1
            while bytes[position] != quote {
                guard position < bytes.count - 1, bytes[position] != UInt8(ascii: "<") else {
                    throw failure("found \(here) in a value; expected a closing quote")
                }
                position += 1
            }
            position += 1
        }
        stack.append(element)
        hasRoot = true
        return .start(element)
    }

    private mutating func endTag() throws(DetectionError) -> Event {
        let element = try elementName()
        guard let open = stack.last, open == element else {
            throw failure(
                "found </\(element)>; expected " + (stack.last.map { "</\($0)>" } ?? "an element"))
        }
        skipSpace()
        guard skip(">") else { throw failure("found \(here); expected \">\"") }
        stack.removeLast()
        return .end
    }

    private mutating func elementName() throws(DetectionError) -> String {
        let start = position
        while true {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...0xFF:
                position += 1
                guard position - start <= 256 else {
                    throw failure("a name of over 256 bytes; expected a shorter one")
                }
                continue
            default: break
            }
            break
        }
        guard position > start else { throw failure("found \(here); expected a name") }
        return try string(bytes[start..<position])
    }

    /// Text up to the next tag, entities replaced.
    private mutating func text() throws(DetectionError) -> String {
        var result: [UInt8] = []
        while bytes[position] != UInt8(ascii: "<"), position < bytes.count - 1 {
            if bytes[position] == UInt8(ascii: "&") {
                result.append(contentsOf: try entity())
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return try string(result[...])
    }

    private mutating func entity() throws(DetectionError) -> [UInt8] {
        for (name, byte) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&apos;", "'"),
        ] as [(StaticString, Unicode.Scalar)] where skip(name) {
            return [UInt8(ascii: byte)]
        }
        let isHexadecimal = skip("&#x")
        guard isHexadecimal || skip("&#") else {
            throw failure("found an entity that XML does not define; expected &lt; &gt; &amp;")
        }
        var code: UInt32 = 0
        let start = position
        while let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue,
            isHexadecimal || digit < 10, position - start < 8
        {
            code = code &* (isHexadecimal ? 16 : 10) &+ UInt32(digit)
            position += 1
        }
        guard position > start, skip(";"), code > 0, let scalar = Unicode.Scalar(code) else {
            throw failure("found a character reference that is none; expected &#65; or the like")
        }
        return Array(String(Character(scalar)).utf8)
    }

    private func string(_ bytes: ArraySlice<UInt8>) throws(DetectionError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("found text that is not UTF-8; expected UTF-8")
        }
        return text
    }

    private mutating func skip(
        past word: StaticString, _ expected: String
    ) throws(DetectionError) {
        while !skip(word) {
            guard position < bytes.count - 1 else {
                throw failure("found the end of the file; expected \(expected)")
            }
            position += 1
        }
    }

    private mutating func skipSpace() {
        while [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// Moves past `word` where it stands here.
    private mutating func skip(_ word: StaticString) -> Bool {
        guard bytes.count - position > word.utf8CodeUnitCount else { return false }
        for offset in 0..<word.utf8CodeUnitCount
        where bytes[position + offset] != word.utf8Start[offset] {
            return false
        }
        position += word.utf8CodeUnitCount
        return true
    }

    private var here: String {
        guard position < bytes.count - 1 else { return "the end of the file" }
        let byte = bytes[position]
        return (0x20..<0x7F).contains(byte)
            ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte \(byte)"
    }

    /// An error at this place.
    func failure(_ message: String) -> DetectionError {
        let line = 1 + bytes[..<position].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        return DetectionError("\(name): line \(line): \(message)")
    }
}
