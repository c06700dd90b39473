// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
package import Console
import Tensors

/// The options of every command.
package struct CommonOptions: ParsableArguments {
    /// Whether standard output carries JSON and nothing else.
    @Flag(help: "Print the result as JSON on standard output, and nothing else there.")
    package var json = false

    /// Whether progress and notes are left out.
    @Flag(help: "Print no progress on standard error.")
    package var quiet = false

    /// Threads of the tensor operations; the machine's cores, or `DR2NET_THREADS`, where absent.
    @Option(help: "Threads to use; results do not depend on it. (default: all cores)")
    package var threads: Int?

    /// Options at their defaults.
    package init() {}

    /// Refuses numbers of threads that no machine has.
    package func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): expected 1 to 1024")
        }
    }

    /// A progress line on standard error, as the options want it.
    package func progress() -> ProgressLine { ProgressLine(ProgressLine.style(isQuiet: quiet)) }

    /// Does something that may take long, and says so after a while.
    ///
    /// - Parameter text: What is done: "scoring the predictions".
    package func working<R>(_ text: String, _ body: () throws -> R) rethrows -> R {
        let progress = progress()
        progress.begin(text, isShownAtOnce: false)
        defer { progress.finish() }
        return try body()
    }

    /// Puts the options into force; every command begins with it.
    ///
    /// - Returns: Where the command prints.
    package func start() -> CommandOutput {
        if let threads { Parallel.setThreadCount(threads) }
        return output
    }

    /// Where the command prints.
    package var output: CommandOutput { CommandOutput(isJSON: json, isQuiet: quiet) }
}
