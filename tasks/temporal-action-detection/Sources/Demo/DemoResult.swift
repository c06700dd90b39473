// SPDX-License-Identifier: Apache-2.0
import Console
package import Training

/// What `dr2net demo` has measured.
package struct DemoResult: Encodable, Sendable {
    /// The run with Dr2Net.
    package var run: RunResult
    /// The conventional steps; nil where they could not be done.
    package var conventional: RunResult?
    /// Wall seconds of the whole demo.
    package var seconds: Double

    /// A result.
    package init(run: RunResult, conventional: RunResult?, seconds: Double) {
        self.run = run
        self.conventional = conventional
        self.seconds = seconds
    }

    /// The tables of memory and scores, and what they mean.
    package var text: String {
        [memory, scores, DemoResult.caution].joined(separator: "\n\n")
    }

    private var memory: String {
        guard let conventional else {
            return
                "the conventional steps did not finish (out of memory?), so there is no memory to "
                + "compare; the \(run.way) run is whole\ncounted: "
                + "\(ByteSize.text(run.peakCountedBytes)), resident: "
                + ByteSize.text(run.peakResidentBytes)
        }
        var table = TextTable(
            ["peak memory of finetuning", run.way, conventional.way, "ratio"], numbers: [1, 2, 3])
        func row(_ title: String, _ key: KeyPath<RunResult, Int>) {
            let (ours, theirs) = (run[keyPath: key], conventional[keyPath: key])
            table.append([
                title, DemoResult.mebibytes(ours), DemoResult.mebibytes(theirs),
                DemoResult.ratio(Double(ours), Double(theirs)),
            ])
        }
        row("counted: live tensors in a backbone step", \.peakCountedBytes)
        row("resident: the whole process, data included", \.peakResidentBytes)
        return table.text
    }

    private var scores: String {
        let random = run.baselines["random segments"] ?? [:]
        let names = random.keys.filter { $0 != "mAP" }.sorted() + ["mAP"]
        var table = TextTable(
            ["validation"] + names.dropLast() + ["mean"], numbers: Set(1...names.count))
        func row(_ title: String, _ values: [String: Double]) {
            table.append(
                [title]
                    + names.map { name in values[name].map { NumberText.decimals($0, 3) } ?? "-" })
        }
        row(run.way, run.scores)
        row("random segments", random)
        table.append(
            ["times random"]
                + names.map { name in
                    DemoResult.ratio(run.scores[name] ?? 0, random[name] ?? 0, decimals: 1)
                })
        return table.text
            + "\ntraining loss: \(NumberText.decimals(run.firstLoss, 3)) at first, "
            + "\(NumberText.decimals(run.lastLoss, 3)) at last"
    }

    private static let caution = """
        This is one film: training and validation are different parts of it, with the same characters
        and places. The scores show that training works and what it costs, nothing about other videos.
        """

    private static func mebibytes(_ bytes: Int) -> String {
        "\((bytes + (1 << 19)) >> 20) MiB"
    }

    private static func ratio(_ a: Double, _ b: Double, decimals: Int = 2) -> String {
        b > 0 ? NumberText.decimals(a / b, decimals) : "-"
    }
}
