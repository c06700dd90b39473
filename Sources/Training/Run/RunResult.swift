// SPDX-License-Identifier: Apache-2.0
import Console
import Foundation
package import Reports
import Reversible

/// What a finished run prints and writes as `summary.json`.
package struct RunResult: Codable, Sendable {
    /// The run folder.
    package var run: String
    /// The way of finetuning.
    package var way: String
    /// Optimizer steps.
    package var steps: Int
    /// Mean training loss of the first steps; see `RunSummary`.
    package var firstLoss: Double
    /// See ``firstLoss``.
    package var lastLoss: Double
    /// The scores of the last evaluation; `plain.` names the pretrained form.
    package var scores: [String: Double]
    /// The best evaluation, where the run keeps its checkpoint.
    package var best: BestScore?
    /// What was found, missed and invented at the last evaluation; nil in runs of versions that did
    /// not count it, and where nothing could be evaluated.
    package var outcomes: OutcomeReport?
    /// Scores of methods that learn nothing, by name.
    package var baselines: [String: [String: Double]]
    /// The highest counted bytes of a step in which the backbone trained.
    package var peakCountedBytes: Int
    /// The process's peak resident bytes.
    package var peakResidentBytes: Int
    /// Median seconds of a step in which the backbone trained.
    package var stepSeconds: Double

    /// The result of a run, from its metrics.
    ///
    /// - Parameters:
    ///   - folder: Of the run.
    ///   - outcomes: Of the last evaluation.
    init(
        _ folder: String, _ plan: FinetuningPlan, _ lines: [MetricsLine],
        outcomes: OutcomeReport?, baselines: [String: [String: Double]]
    ) {
        let whole = RunSummary(lines)
        let trained = RunSummary(lines.filter { $0.step > plan.training.backboneStart })
        let measured = trained.stepSeconds == nil ? whole : trained
        run = folder
        way = plan.finetuning.way.rawValue
        steps = whole.steps
        firstLoss = whole.firstLoss ?? 0
        lastLoss = whole.lastLoss ?? 0
        scores = whole.evaluation ?? [:]
        best = plan.training.bestMetric.flatMap { BestScore($0, in: lines) }
        self.outcomes = outcomes
        self.baselines = baselines
        peakCountedBytes = measured.peakBytes
        peakResidentBytes = ResidentMemory.peak
        stepSeconds = measured.stepSeconds ?? 0
    }

    /// Reads `summary.json` of a run folder; nil where it is missing or damaged.
    package static func read(_ folder: String) -> RunResult? {
        FileManager.default.contents(atPath: folder + "/summary.json").flatMap {
            try? JSONDecoder().decode(RunResult.self, from: $0)
        }
    }
}

extension RunResult {
    /// A table for people.
    ///
    /// - Parameters:
    ///   - keys: Which scores, in order; others that the run has follow by name.
    ///   - showsLacking: Whether one of `keys` that the run hasn't is a dash, not left out.
    ///   - missing: Scores that can't be had, and why; they have a dash.
    package func text(
        _ keys: [String] = [], showsLacking: Bool = false,
        missing: [(key: String, reason: String)] = []
    ) -> String {
        let own = scores.keys.filter { !$0.hasPrefix("plain.") }.sorted()
        let reasons = Dictionary(
            missing.filter { scores[$0.key] == nil }, uniquingKeysWith: { first, _ in first })
        let known = keys + missing.map(\.key).filter { !keys.contains($0) }
        let rows =
            known.filter { showsLacking || own.contains($0) || reasons[$0] != nil }
            + own.filter { !known.contains($0) }
        let hasPlain = scores.keys.contains { $0.hasPrefix("plain.") }
        let names = baselines.keys.sorted()
        func number(_ value: Double?) -> String {
            value.map { String(format: "%.3f", $0) } ?? "-"
        }
        func row(_ cells: [String]) -> String {
            cells[0].padding(toLength: max(10, cells[0].count), withPad: " ", startingAt: 0)
                + cells.dropFirst().map {
                    String(repeating: " ", count: max(1, 18 - $0.count)) + $0
                }.joined()
        }
        var lines = [row(["", "in force"] + (hasPlain ? ["plain network"] : []) + names)]
        for key in rows {
            lines.append(
                row(
                    [key, number(scores[key])] + (hasPlain ? [number(scores["plain." + key])] : [])
                        + names.map { number(baselines[$0]?[key]) })
                    + (reasons[key].map { "  \($0)" } ?? ""))
        }
        if let best {
            lines.append("best \(best.metric)  \(number(best.value)) after step \(best.step)")
        }
        lines.append("training loss  \(number(firstLoss)) at first, \(number(lastLoss)) at last")
        lines.append(
            "peak memory    \(ByteSize.text(peakCountedBytes)) counted in a step, "
                + "\(ByteSize.text(peakResidentBytes)) resident")
        lines.append("time a step    \(String(format: "%.2f", stepSeconds)) s (\(way))")
        if let outcomes { lines.append("outcomes       \(outcomes.title)") }
        lines.append("run folder     \(run)")
        if let picture = outcomes?.pictures.first {
            lines.append("picture        \(run)/\(picture.file)")
        }
        return lines.joined(separator: "\n")
    }
}
