// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import Foundation

extension ParsableCommand {
    /// Parses the arguments, runs the command named and exits.
    ///
    /// Exit codes: 0 done, 1 failed (one line on standard error), 2 a `--fail-below` was missed,
    /// 64 usage. Unlike the parser's own `main`, whatever was thrown becomes one line.
    package static func runAndExit() -> Never {
        // A file beyond the shell's limit (ulimit -f) is an error of one line, not the end.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            exit(withError: code)
        } catch {
            if exitCode(for: error) != .failure { exit(withError: error) }
            CommandOutput.complain("\(error)")
            exit(withError: ExitCode.failure)
        }
        exit()
    }
}
