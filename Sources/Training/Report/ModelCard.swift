// SPDX-License-Identifier: Apache-2.0
import Console
import Reversible

/// What somebody who is handed a run's weights must know about them.
enum ModelCard {
    /// The card's rows; what a run doesn't say has none.
    static func rows(_ run: RunRecord) -> [[String]] {
        let description = run.description
        let summary = RunSummary(run.lines)
        let facts: [(name: String, value: String?)] = [
            ("task", description?.task ?? run.setting("task")),
            ("backbone", description?.backbone ?? run.setting("backbone.name")),
            ("pretrained weights", run.setting("backbone.weights") ?? "none: random"),
            ("started from", description?.startedFrom.map { "\($0.run), step \($0.step)" }),
            ("way of finetuning", way(run)),
            ("last α, β", coefficients(run)),
            ("classes", classes(description?.labels ?? [])),
        ]
        let data = run.settings.filter { $0.path.hasPrefix("data.") && $0.value.contains("/") }
            .map { (name: $0.path, value: Optional($0.value)) }
        let measured: [(name: String, value: String?)] = [
            ("seed", run.setting("seed")),
            (
                "predicts with",
                description?.best.map { "the checkpoint of the best \($0)" }
                    ?? "the newest checkpoint"
            ),
            ("training loss", losses(summary)),
            ("peak of counted bytes in a step", ByteSize.text(summary.peakBytes)),
            ("peak resident bytes", ByteSize.text(summary.residentPeakBytes)),
            ("median seconds of a backbone's step", run.stepSeconds.map(NumberText.short)),
            (
                "limits",
                "scores hold for the validation data named above; how the network does on other "
                    + "data is not known from them"
            ),
        ]
        return (facts + data + measured).compactMap { name, value in
            value.flatMap { $0.isEmpty ? nil : [name, $0] }
        }
    }

    /// The way of finetuning with its policy and arithmetic.
    static func way(_ run: RunRecord) -> String? {
        guard let way = run.setting("way") else { return run.result?.way }
        guard way == FinetuningWay.Name.dr2net.rawValue else { return way }
        let parts = ["dr2net.policy", "dr2net.arithmetic"].compactMap(run.setting)
        return ([way] + parts).joined(separator: ", ")
    }

    private static func coefficients(_ run: RunRecord) -> String? {
        guard let last = run.steps.last, let alpha = last.alpha, let beta = last.beta else {
            return nil
        }
        return "\(NumberText.short(alpha)), \(NumberText.short(beta))"
    }

    private static func classes(_ labels: [String]) -> String? {
        guard !labels.isEmpty else { return nil }
        let shown = labels.prefix(40).joined(separator: ", ")
        return "\(labels.count): \(shown)\(labels.count > 40 ? ", …" : "")"
    }

    private static func losses(_ summary: RunSummary) -> String? {
        guard let first = summary.firstLoss, let last = summary.lastLoss else { return nil }
        return "\(NumberText.short(first)) at first, \(NumberText.short(last)) at last"
    }
}
