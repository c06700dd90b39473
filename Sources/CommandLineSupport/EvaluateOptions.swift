// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
import Console
import Files

/// What every command that scores predictions takes: two files, and how their faults and the score end it.
package struct EvaluateOptions: ParsableArguments {
    /// The file of what is true.
    @Option(help: "What is true: annotations or labels.", completion: .file())
    package var groundTruth: String

    /// The file of what was predicted.
    @Option(help: "What was predicted.", completion: .file())
    package var predictions: String

    /// Whether faulty entries are left out.
    @Flag(
        help: "Leave out and list what is faulty in both; the exit code is 1 all the same.")
    package var keepGoing = false

    /// The least score.
    @Option(help: "Exit with code 2 where the score named above is below this, in 0...1.")
    package var failBelow: Double?

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var noRecipe: NoRecipe

    /// Options at their defaults.
    package init() {}

    /// Refuses bounds that no score has.
    package func validate() throws {
        if let failBelow, !(0...1).contains(failBelow) {
            throw ValidationError("--fail-below \(failBelow): expected 0 to 1")
        }
    }

    /// Ends the command as its options say, once the result is printed.
    ///
    /// - Parameters:
    ///   - name: What the score is called.
    ///   - dropped: How many faulty entries were left out.
    ///   - faults: A line for each of the first of them.
    /// - Throws: Exit code 2 after one line for a score below ``failBelow``, else one line where
    ///   something was left out.
    package func end(
        _ score: Double, named name: String, dropped: Int, faults: [String]
    ) throws {
        for fault in faults { CommandOutput.complain(fault) }
        if let failBelow, !(score >= failBelow) {
            CommandOutput.complain(
                "\(name) is \(NumberText.short(score)), expected at least "
                    + "\(NumberText.short(failBelow)) (--fail-below)")
            throw ExitCode(2)
        }
        guard dropped == 0 else {
            throw InputError("\(dropped) faulty entries were left out; the others are scored")
        }
    }
}
