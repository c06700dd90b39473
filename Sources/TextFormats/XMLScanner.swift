// SPDX-License-Identifier: Apache-2.0
package import Files

/// Reads the part of XML that annotations use, event by event, in bounded memory.
///
/// Elements, attributes (checked and skipped), texts, CDATA, comments and the five predefined
/// entities. DOCTYPE and with it every definition of an entity is refused: nothing can expand.
package struct XMLScanner {
    /// What comes next in the text.
    package enum Event: Equatable {
        case start(String)
        case text(String)
        case end
    }

    /// VOC files nest 4 levels deep.
    static let maximumDepth = 32

    private var source: ByteScanner
    private var stack: [String] = []
    private var hasRoot = false
    /// Whether an element without content has been opened and not closed.
    private var isEmptyElement = false

    /// - Parameters:
    ///   - bytes: The text and a final 0.
    ///   - name: The file's name for messages.
    package init(terminated bytes: [UInt8], name: String) {
        source = ByteScanner(terminated: bytes, name: name)
    }

    /// The next event; nil at the end of a whole document.
    package mutating func next() throws(InputError) -> Event? {
        if isEmptyElement {
            isEmptyElement = false
            stack.removeLast()
            return .end
        }
        while true {
            if stack.isEmpty { source.skipSpace() }
            guard !source.isAtEnd else {
                guard stack.isEmpty, hasRoot else {
                    throw failure(
                        "found the end of the file; expected "
                            + (stack.last.map { "</\($0)>" } ?? "an element"))
                }
                return nil
            }
            if source.skip("<!--") {
                try skip(past: "-->", "the end of a comment")
            } else if source.skip("<?") {
                try skip(past: "?>", "the end of an instruction")
            } else if source.skip("<![CDATA[") {
                guard !stack.isEmpty else { throw failure("found text outside the elements") }
                let start = source.position
                try skip(past: "]]>", "the end of a CDATA section")
                return .text(try source.text(source.bytes[start..<source.position - 3]))
            } else if source.skip("<!") {
                throw failure(
                    "found a document type or entity definition; expected none, remove it")
            } else if source.skip("</") {
                return try endTag()
            } else if source.next == UInt8(ascii: "<") {
                return try startTag()
            } else {
                guard !stack.isEmpty else {
                    throw failure("found \(source.here) outside the elements; expected an element")
                }
                return .text(try text())
            }
        }
    }

    private mutating func startTag() throws(InputError) -> Event {
        source.position += 1
        guard !(stack.isEmpty && hasRoot) else {
            throw failure("found a second root element; expected one")
        }
        let element = try elementName()
        guard stack.count < Self.maximumDepth else {
            throw failure("elements nested deeper than \(Self.maximumDepth); expected less")
        }
        while true {
            let start = source.position
            source.skipSpace()
            if source.skip(">") { break }
            if source.skip("/>") {
                isEmptyElement = true
                break
            }
            guard source.position > start else {
                throw failure("found \(source.here); expected \">\"")
            }
            _ = try elementName()
            source.skipSpace()
            guard source.skip("=") else { throw failure("found \(source.here); expected \"=\"") }
            source.skipSpace()
            let quote = source.next
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw failure("found \(source.here); expected a value in quotes")
            }
            source.position += 1
            while source.next != quote {
                guard !source.isAtEnd, source.next != UInt8(ascii: "<") else {
                    throw failure("found \(source.here) in a value; expected a closing quote")
                }
                source.position += 1
            }
            source.position += 1
        }
        stack.append(element)
        hasRoot = true
        return .start(element)
    }

    private mutating func endTag() throws(InputError) -> Event {
        let element = try elementName()
        guard let open = stack.last, open == element else {
            throw failure(
                "found </\(element)>; expected " + (stack.last.map { "</\($0)>" } ?? "an element"))
        }
        source.skipSpace()
        guard source.skip(">") else { throw failure("found \(source.here); expected \">\"") }
        stack.removeLast()
        return .end
    }

    private mutating func elementName() throws(InputError) -> String {
        let start = source.position
        while true {
            switch source.next {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...0xFF:
                source.position += 1
                guard source.position - start <= 256 else {
                    throw failure("a name of over 256 bytes; expected a shorter one")
                }
                continue
            default: break
            }
            break
        }
        guard source.position > start else {
            throw failure("found \(source.here); expected a name")
        }
        return try source.text(source.bytes[start..<source.position])
    }

    /// Text up to the next tag, entities replaced.
    private mutating func text() throws(InputError) -> String {
        var result: [UInt8] = []
        while source.next != UInt8(ascii: "<"), !source.isAtEnd {
            if source.next == UInt8(ascii: "&") {
                result.append(contentsOf: try entity())
            } else {
                result.append(source.next)
                source.position += 1
            }
        }
        return try source.text(result[...])
    }

    private mutating func entity() throws(InputError) -> [UInt8] {
        for (name, byte) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&apos;", "'"),
        ] as [(StaticString, Unicode.Scalar)] where source.skip(name) {
            return [UInt8(ascii: byte)]
        }
        let isHexadecimal = source.skip("&#x")
        guard isHexadecimal || source.skip("&#") else {
            throw failure("found an entity that XML does not define; expected &lt; &gt; &amp;")
        }
        var code: UInt32 = 0
        let start = source.position
        while let digit = source.digit,
            isHexadecimal || digit < 10, source.position - start < 8
        {
            code = code &* (isHexadecimal ? 16 : 10) &+ UInt32(digit)
            source.position += 1
        }
        guard source.position > start, source.skip(";"), code > 0, let scalar = Unicode.Scalar(code)
        else {
            throw failure("found a character reference that is none; expected &#65; or the like")
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func skip(
        past word: StaticString, _ expected: String
    ) throws(InputError) {
        while !source.skip(word) {
            guard !source.isAtEnd else {
                throw failure("found the end of the file; expected \(expected)")
            }
            source.position += 1
        }
    }

    /// An error at this place.
    package func failure(_ message: String) -> InputError { source.failure(message) }
}
