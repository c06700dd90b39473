// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Where a command prints: its result on standard output, everything else on standard error.
package struct CommandOutput: Sendable {
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
    /// - Throws: ``InputError`` where a number has no JSON form (infinite or not a number).
    package func result(
        _ value: some Encodable, text: () -> String
    ) throws(InputError) {
        line(isJSON ? try CommandOutput.json(value) : text())
    }

    /// Prints predictions: all of them with JSON or where no file was named, else where they are.
    ///
    /// - Parameter json: All of them as JSON text.
    package func predictions(
        _ count: Int, in places: [String], json: () throws -> String
    ) rethrows {
        let isAll = isJSON || places.isEmpty
        line(isAll ? try json() : "\(count) detections in \(places.joined(separator: ", "))")
    }

    private func line(_ text: String) {
        CommandOutput.write(text.hasSuffix("\n") ? text : text + "\n", to: .standardOutput)
    }

    /// Prints a line about the work on standard error, unless quiet.
    package func note(_ line: String) {
        if !isQuiet { CommandOutput.write(line + "\n", to: .standardError) }
    }

    /// Prints a line on standard error, quiet or not: why the exit code isn't 0.
    package static func complain(_ line: String) {
        write("dr2net: \(line.singleLine)\n", to: .standardError)
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that closed the pipe early has all it wants.
        try? handle.write(contentsOf: Data(text.utf8))
    }

    private static func json(_ value: some Encodable) throws(InputError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw InputError(
                "the result holds a number that is infinite or not a number, which JSON can't "
                    + "write; run without --json to see it")
        }
    }
}
