// SPDX-License-Identifier: Apache-2.0
package import Console

/// Shows how far a run is and how long the rest takes, steps, features and evaluations to come.
package final class RunProgress {
    private let line: ProgressLine
    private let now: () -> Double
    private let totalSteps: Int
    private let evaluationPeriod: Int
    /// The steps before this one train the head alone.
    private let backboneStart: Int
    private var workload = Workload()
    private var forecast = TimeForecast()
    /// Units of the features, or of the evaluation at hand, that are done.
    private var done: [WorkKind: Int] = [:]
    /// Seconds of the step at hand that went into features.
    private var featureSeconds = 0.0
    private var step = 0

    /// The progress of a run.
    ///
    /// - Parameters:
    ///   - backboneStart: The first step that trains the backbone; beyond the end where none does.
    ///   - evaluationPeriod: Steps between evaluations; 0 for one at the end.
    ///   - now: Seconds of a clock that only goes forward.
    package init(
        _ line: ProgressLine, totalSteps: Int, backboneStart: Int, evaluationPeriod: Int,
        now: @escaping () -> Double = ProgressLine.seconds
    ) {
        self.line = line
        self.now = now
        self.totalSteps = totalSteps
        self.backboneStart = min(backboneStart, totalSteps)
        self.evaluationPeriod = evaluationPeriod
    }

    /// Begins after so many steps, with what the task says of its work.
    package func begin(_ workload: Workload, from step: Int) {
        self.workload = workload
        self.step = step
        expect()
        forecast.expect(
            .features, units: workload.features, operations: workload.operations[.features])
        line.begin(step == 0 ? "first step" : "step \(step + 1)")
    }

    /// Counts what is left from the step at hand on; what was measured stays.
    private func expect() {
        forecast.expect(
            .headSteps, units: backboneStart - step, operations: workload.operations[.headSteps])
        forecast.expect(
            .backboneSteps, units: totalSteps - max(step, backboneStart),
            operations: workload.operations[.backboneSteps])
        forecast.expect(
            .evaluation, units: evaluationsLeft * max(1, workload.evaluation),
            operations: workload.operations[.evaluation])
    }

    private var evaluationsLeft: Int {
        guard step < totalSteps else { return 0 }
        guard evaluationPeriod > 0 else { return 1 }
        let isEndBetween = totalSteps % evaluationPeriod != 0
        return totalSteps / evaluationPeriod - step / evaluationPeriod + (isEndBetween ? 1 : 0)
    }

    /// Shows what the task did inside a step or an evaluation.
    package func observe(_ kind: WorkKind, units: Int, seconds: Double) {
        if kind == .features { featureSeconds += seconds }
        forecast.finish(kind, units: units, seconds: seconds)
        let total = kind == .features ? workload.features : workload.evaluation
        guard total > 0 else { return }
        let count = min(total, done[kind, default: 0] + units)
        done[kind] = count
        let use = kind == .features ? "through the backbone, once" : "of the evaluation"
        line.update(
            done: count, total: total, "\(workload.noun) \(use)", left: forecast.left)
    }

    /// Shows a step that is done.
    package func finish(_ metrics: MetricsLine) {
        let seconds = metrics.seconds ?? 0
        let kind = step < backboneStart ? WorkKind.headSteps : .backboneSteps
        forecast.finish(kind, seconds: seconds - featureSeconds)
        featureSeconds = 0
        step = metrics.step
        let text =
            "loss \(NumberText.short(metrics.loss ?? .nan)), "
            + "\(NumberText.short(seconds)) s a step"
        line.update(done: step, total: totalSteps, text, left: forecast.left)
    }

    /// Runs an evaluation.
    package func evaluating<R>(_ body: () throws -> R) rethrows -> R {
        let begin = now()
        done[.evaluation] = 0
        line.begin("evaluation after step \(step)")
        let result = try body()
        if workload.evaluation == 0 {
            forecast.finish(.evaluation, seconds: now() - begin)
        }
        // Features and forms of the network that the workload did not know of.
        expect()
        line.finish()
        return result
    }
}
