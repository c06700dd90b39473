// SPDX-License-Identifier: Apache-2.0
package import Files

/// A call of another program.
package struct Command: Sendable, Equatable {
    /// Looked up in `PATH` when it has no slash.
    package var executable: String
    /// What follows the program's name.
    package var arguments: [String]
    /// Working folder; the caller's own when absent.
    package var folder: String?
    /// File that becomes standard input; `/dev/null` when absent.
    package var input: String?
    /// File that standard output is written to; captured when absent.
    package var output: String?

    /// A program with its arguments.
    package init(
        _ executable: String, _ arguments: [String], folder: String? = nil, input: String? = nil,
        output: String? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.folder = folder
        self.input = input
        self.output = output
    }
}

/// How a program ended.
package struct CommandResult: Sendable, Equatable {
    /// Exit status; 128 + the signal's number when a signal ended it.
    package var status: Int32
    /// The end of standard output (at most 64 KiB), unless it went to a file.
    package var output: String
    /// The end of standard error (at most 64 KiB).
    package var errorOutput: String

    /// What a program gave back.
    package init(status: Int32, output: String = "", errorOutput: String = "") {
        self.status = status
        self.output = output
        self.errorOutput = errorOutput
    }

    /// The line that says most about a failure: the last one marked as an error, else the last.
    package var reason: String {
        let lines = errorOutput.split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix(while: \.isWhitespace) }
            .filter { !$0.isEmpty }
        let marked = lines.last { $0.hasPrefix("ERROR:") || $0.hasPrefix("E:") }
        guard let line = marked ?? lines.last else { return "it printed no reason" }
        return String(line.prefix(300))
    }
}

/// Runs programs: the system's, or a test's stand-in for the package clients.
package protocol CommandRunner: Sendable {
    /// Whether a program of that name can be started.
    func hasProgram(_ name: String) -> Bool

    /// Runs a program to its end.
    ///
    /// - Throws: `InputError` when it cannot be started; a bad exit status is not thrown.
    func run(_ command: Command) throws(InputError) -> CommandResult
}
