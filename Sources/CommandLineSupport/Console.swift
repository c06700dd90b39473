// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Where a command prints: its result on standard output, everything else on standard error.
package struct Console: Sendable {
    /// Whether the result is JSON.
    package let isJSON: Bool
    /// Whether notes are left out.
    package let isQuiet: Bool

    /// A console.
    package init(isJSON: Bool, isQuiet: Bool) {
        self.isJSON = isJSON
        self.isQuiet = isQuiet
    }

    /// Prints the result, as JSON with sorted keys or as text for people.
    ///
    /// - Throws: ``CommandFailure`` where a number has no JSON form (infinite or not a number).
    package func result(
        _ value: some Encodable, text: () -> String
    ) throws(CommandFailure) {
        let line = isJSON ? try Console.json(value) : text()
        Console.write(line + "\n", to: .standardOutput)
    }

    /// Prints a line about the work on standard error, unless quiet.
    package func note(_ line: String) {
        if !isQuiet { Console.write(line + "\n", to: .standardError) }
    }

    /// Prints a line on standard error, quiet or not: why the exit code isn't 0.
    package static func complain(_ line: String) {
        write("dr2net: \(line.onOneLine)\n", to: .standardError)
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that closed the pipe early has all it wants.
        try? handle.write(contentsOf: Data(text.utf8))
    }

    private static func json(_ value: some Encodable) throws(CommandFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw CommandFailure(
                "the result holds a number that is infinite or not a number, which JSON can't "
                    + "write; run without --json to see it")
        }
    }
}

extension String {
    /// The text with line breaks as spaces.
    var onOneLine: String { String(map { $0.isNewline ? " " : $0 }) }
}
