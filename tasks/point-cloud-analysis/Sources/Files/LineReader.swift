// SPDX-License-Identifier: Apache-2.0
import Files

/// The lines of a text file, read a mebibyte at a time.
struct LineReader: Sendable {
    private static let piece = 1 << 20

    /// The file.
    let source: PointSource
    /// The number of the line given last, from 1.
    private(set) var number: Int
    /// What ended it.
    private(set) var ending = Ending()
    private var buffer: [UInt8] = []
    /// The first byte of `buffer` that was not given.
    private var position = 0
    /// The first byte of the file that is not in `buffer`.
    private var offset: Int

    /// The end of a line: a return, a line feed, both, or neither at the file's end.
    struct Ending: Sendable {
        var hasReturn = false, hasFeed = false

        var bytes: [UInt8] { (hasReturn ? [0x0D] : []) + (hasFeed ? [0x0A] : []) }
    }

    /// - Parameters:
    ///   - offset: Where to begin.
    ///   - linesBefore: Lines that lie before that place.
    init(_ source: PointSource, from offset: Int = 0, linesBefore: Int = 0) {
        self.source = source
        self.offset = offset
        number = linesBefore
    }

    /// Bytes that were not given yet.
    var remaining: Int { source.count - offset + buffer.count - position }

    /// The next line without its end, or nil at the end of the file.
    mutating func next() throws(InputError) -> ArraySlice<UInt8>? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { position = end + 1 }
                number += 1
                return line(to: end, hasFeed: true)
            }
            let isLast = offset == source.count
            if isLast {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                number += 1
                return line(to: buffer.count, hasFeed: false)
            }
            guard buffer.count - position < LineReader.piece else {
                throw source.error(
                    "line \(number + 1) has more than \(LineReader.piece) bytes, expected text in "
                        + "lines; the file is damaged")
            }
            let more = try source.read(
                offset, min(LineReader.piece, source.count - offset), of: "a line")
            offset += more.count
            buffer.removeFirst(position)
            position = 0
            searched = buffer.count
            buffer.append(contentsOf: more)
        }
    }

    private mutating func line(to end: Int, hasFeed: Bool) -> ArraySlice<UInt8> {
        let isReturn = end > position && buffer[end - 1] == 0x0D
        ending = Ending(hasReturn: isReturn, hasFeed: hasFeed)
        return buffer[position..<(isReturn ? end - 1 : end)]
    }

    /// An error about the line given last.
    func error(_ message: String) -> InputError { source.error("line \(number): \(message)") }

    /// An error that quotes a field of the line given last.
    func error(_ field: ArraySlice<UInt8>?, expected: String) -> InputError {
        let text = field.map { "\"\(String(decoding: $0.prefix(40), as: UTF8.self))\"" }
        return error("found \(text ?? "the end of the line"), expected \(expected)")
    }
}

/// The fields of a line, between blanks.
struct Fields {
    private var rest: ArraySlice<UInt8>

    init(_ line: ArraySlice<UInt8>) { rest = line }

    /// The next field, or nil at the end of the line.
    mutating func next() -> ArraySlice<UInt8>? {
        var start = rest.startIndex
        while start < rest.endIndex, Fields.isBlank(rest[start]) { start += 1 }
        guard start < rest.endIndex else { return nil }
        var end = start
        while end < rest.endIndex, !Fields.isBlank(rest[end]) { end += 1 }
        defer { rest = rest[end...] }
        return rest[start..<end]
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
