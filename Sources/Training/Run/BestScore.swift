// SPDX-License-Identifier: Apache-2.0

/// The best evaluation of a run by one score, of which higher is better.
package struct BestScore: Codable, Sendable, Equatable {
    /// The score's name.
    package var metric: String
    /// The step after which it was reached.
    package var step: Int
    /// Its value.
    package var value: Double

    /// The best of some metrics' evaluations, the earliest of equal ones; nil where none has the
    /// score as a finite number.
    package init?(_ metric: String, in lines: [MetricsLine]) {
        var best: (step: Int, value: Double)?
        for line in lines {
            guard let value = line.evaluation?[metric], value.isFinite else { continue }
            if best.map({ value > $0.value }) ?? true { best = (line.step, value) }
        }
        guard let best else { return nil }
        self.metric = metric
        step = best.step
        value = best.value
    }

    /// The number of evaluations after this one.
    package func evaluationsSince(in lines: [MetricsLine]) -> Int {
        lines.count { $0.evaluation != nil && $0.step > step }
    }
}
