// SPDX-License-Identifier: Apache-2.0
import Files

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
    mutating func remark(_ line: String) { remarks.append(InputError(line).description) }

    /// Notes a faulty entry.
    ///
    /// - Throws: The fault, unless faulty entries are dropped.
    mutating func note(_ line: @autoclosure () -> String) throws(InputError) {
        guard keepGoing else { throw InputError(line()) }
        count += 1
        if lines.count < Self.longestList { lines.append(InputError(line()).description) }
    }
}
