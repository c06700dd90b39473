// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What the metrics of a run say about it, resumed parts included.
package struct RunSummary: Sendable, Equatable {
    /// Steps done.
    package var steps = 0
    /// The mean loss of the first steps: ten, or a fiftieth of the run where that is more, so that
    /// it is the start that is told.
    package var firstLoss: Double?
    /// The mean loss of as many last steps.
    package var lastLoss: Double?
    /// The most counted bytes of live tensors during any step.
    package var peakBytes = 0
    /// The largest resident memory of the process, in bytes.
    package var residentPeakBytes = 0
    /// The median seconds of a step.
    package var stepSeconds: Double?
    /// The scores of the last evaluation.
    package var evaluation: [String: Double]?

    /// Summarises lines of metrics.
    package init(_ lines: [MetricsLine]) {
        let trained = lines.filter { $0.evaluation == nil }
        steps = trained.last?.step ?? 0
        let losses = trained.compactMap(\.loss)
        let part = min(losses.count, max(10, losses.count / 50))
        if part > 0 {
            firstLoss = losses.prefix(part).reduce(0, +) / Double(part)
            lastLoss = losses.suffix(part).reduce(0, +) / Double(part)
        }
        peakBytes = trained.compactMap(\.peakBytes).max() ?? 0
        residentPeakBytes = trained.compactMap(\.residentPeakBytes).max() ?? 0
        let seconds = trained.compactMap(\.seconds).sorted()
        if !seconds.isEmpty { stepSeconds = seconds[seconds.count / 2] }
        evaluation = lines.last { $0.evaluation != nil }?.evaluation
    }
}
