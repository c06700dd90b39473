// SPDX-License-Identifier: Apache-2.0
import TextFormats

/// A file of small-object detection, or what was asked of it, that cannot be used.
package struct DetectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: what was found, what was expected, what to do.
    package let description: String

    /// An error that reads `description`; line breaks become spaces.
    package init(_ description: String) {
        self.description = String(description.map { $0.isNewline ? " " : $0 })
    }

    /// `text` as messages show it.
    static func quoted(_ text: String) -> String { MessageText.quoted(text) }

    /// `value` as messages and files show it.
    static func text(_ value: Double) -> String { MessageText.number(value) }

    /// What `body` gives; whatever it throws as an error of this kind.
    static func wrapping<Value>(
        _ body: () throws -> Value
    ) throws(DetectionError) -> Value {
        do {
            return try body()
        } catch {
            throw DetectionError("\(error)")
        }
    }
}

/// The faults of the entries of files: the first ends the reading, or all are dropped and listed.
package struct DetectionFaults: Sendable, Equatable {
    /// Lines that are kept; more are only counted.
    static let longestList = 1000

    /// Whether faulty entries are dropped instead of ending the reading.
    package let keepGoing: Bool
    /// Entries dropped.
    package private(set) var count = 0
    /// One line for each of the first thousand.
    package private(set) var lines: [String] = []

    /// What is no fault and yet to be said, such as which of two names was taken.
    package private(set) var remarks: [String] = []

    /// No faults yet.
    package init(keepGoing: Bool) { self.keepGoing = keepGoing }

    /// Notes what is no fault.
    mutating func remark(_ line: String) { remarks.append(DetectionError(line).description) }

    /// Notes a faulty entry.
    ///
    /// - Throws: The fault, unless faulty entries are dropped.
    mutating func note(_ line: @autoclosure () -> String) throws(DetectionError) {
        guard keepGoing else { throw DetectionError(line()) }
        count += 1
        if lines.count < Self.longestList { lines.append(DetectionError(line()).description) }
    }
}
