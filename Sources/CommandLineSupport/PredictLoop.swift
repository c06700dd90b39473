// SPDX-License-Identifier: Apache-2.0
package import Console
package import Files
import Foundation

/// One input after the other, as every task's `predict` does it.
///
/// What an input gives is kept before the next begins. A bad input ends the work with one line that
/// says what is done already, or is listed and passed over with ``keepGoing``.
package struct PredictLoop {
    /// The inputs.
    package let inputs: [String]
    /// What an input is called, such as "image".
    package let noun: String
    /// Whether the other inputs go on behind a bad one.
    package let keepGoing: Bool
    /// Where progress is shown.
    package let progress: ProgressLine
    private let now: @Sendable () -> Double

    /// Told how much of the present input is done, and in what: "frames", "tiles".
    package typealias Report = (_ done: Int, _ total: Int, _ unit: String) -> Void

    /// A loop over inputs.
    ///
    /// - Parameter now: Seconds of a clock that only goes forward.
    package init(
        _ inputs: [String], noun: String, keepGoing: Bool, progress: ProgressLine,
        now: @escaping @Sendable () -> Double = ProgressLine.seconds
    ) {
        self.inputs = inputs
        self.noun = noun
        self.keepGoing = keepGoing
        self.progress = progress
        self.now = now
    }

    /// Inputs that gave no prediction.
    package struct Outcome: Sendable, Equatable {
        /// Inputs in all.
        package let total: Int
        /// Those that could not be used.
        package let bad: [String]
        /// What an input is called.
        let noun: String

        /// Fails where an input was bad, once everything else is written.
        ///
        /// - Throws: One line with the numbers; the reasons were said before.
        package func check() throws(InputError) {
            guard !bad.isEmpty else { return }
            throw InputError(
                "\(bad.count) of \(total) \(noun)s could not be read; the others are written")
        }
    }

    /// What becomes of the inputs that are done, where results go to these places.
    package static func kept(in places: [String]) -> String {
        places.isEmpty
            ? "are lost, since no file was named" : "are in \(places.joined(separator: ", "))"
    }

    /// Predicts each input and keeps what it gives.
    ///
    /// - Parameters:
    ///   - kept: What becomes of the inputs that are done where a later one ends the work; see
    ///     ``kept(in:)``.
    ///   - predict: What one input gives; what it throws is the input's fault, but for storage.
    ///   - keep: Writes that; what it throws ends the work.
    /// - Returns: What was passed over.
    /// - Throws: One line, for the first bad input unless ``keepGoing``, and where none is good.
    package func run<Value>(
        kept: String = "are written",
        predict: (_ number: Int, _ input: String, _ report: Report) throws -> Value,
        keep: (_ number: Int, _ input: String, _ value: Value) throws -> Void
    ) throws -> Outcome {
        var bad: [String] = []
        let start = now()
        for (number, input) in inputs.enumerated() {
            let place = place(number, since: start)
            let value: Value
            progress.restart()
            do {
                value = try predict(number, input) { done, total, unit in
                    progress.update(done: done, total: total, "\(unit) of \(input)\(place)")
                }
            } catch {
                progress.finish()
                // A full disk is no input's fault.
                let isStorage = (error as? InputError)?.isStorage ?? false
                guard keepGoing, !isStorage else {
                    throw failure("\(error)", number - bad.count, kept)
                }
                CommandOutput.complain("\(error)")
                bad.append(input)
                continue
            }
            do {
                try keep(number, input, value)
            } catch {
                progress.finish()
                throw failure("\(error)", number - bad.count, kept)
            }
        }
        progress.finish()
        guard bad.count < inputs.count else {
            throw InputError("no \(noun) could be read")
        }
        return Outcome(total: inputs.count, bad: bad, noun: noun)
    }

    /// Which input this is, and how long the others take where that is a minute or more.
    private func place(_ number: Int, since start: Double) -> String {
        guard inputs.count > 1 else { return "" }
        var left = ""
        if number > 0 {
            let seconds = (now() - start) / Double(number) * Double(inputs.count - number)
            if seconds >= 60 { left = ", \(ProgressLine.duration(seconds)) left in all" }
        }
        return " (\(noun) \(number + 1) of \(inputs.count)\(left))"
    }

    private func failure(_ text: String, _ done: Int, _ kept: String) -> InputError {
        guard done > 0 else { return InputError(text) }
        return InputError(
            "\(text); \(done) of \(inputs.count) \(noun)s \(kept)"
                + (keepGoing ? "" : ", --keep-going goes on behind a bad one"))
    }
}
