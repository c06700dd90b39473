// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dr2net report`, on a run with the keys that decide what it keeps and trains.
@Suite("Reports of runs", .serialized) struct ReportTests {
    /// The data set with a run `kept`: early blocks frozen, layer decay, the best by mAP kept.
    private static let shared: Result<TemporalDataset, any Error> = Result {
        let data = try TemporalDataset()
        atexit { if case .success(let data) = ReportTests.shared { data.folder.remove() } }
        let recipe = try data.recipe(
            steps: 6, backboneStart: 0, extra: "checkpoint: {best: mAP@0.30, keep: 1}")
        let run = try data.train(
            recipe, "kept",
            [
                "--set", "evaluate.every=2", "--set", "optimizer.layerDecay=0.75",
                "--set", "optimizer.freeze=['backbone.blocks.[0-5].*', 'backbone.pos_embed']",
            ])
        try #require(run.code == 0, "\(run.complaint)")
        return data
    }

    private func text(_ data: TemporalDataset, _ name: String) throws -> String {
        try String(contentsOfFile: data.folder.path(name), encoding: .utf8)
    }

    @Test("The run wrote its report, and report writes the same")
    func oneRun() throws {
        let data = try ReportTests.shared.get()
        let own = try text(data, "kept/report.html")
        let output = data.folder.path("one.html")
        let run = try CommandRun(["report", data.folder.path("kept"), "--output", output, "--json"])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try run.object()["report"] as? String == output)
        #expect(try text(data, "one.html") == own)
        for part in [
            "Run kept", "vit-tiny-16", "random segments", "layerDecay: 0.75", "timeline.svg",
        ] {
            #expect(own.contains(part), "\(part)")
        }
    }

    @Test("Several runs make one comparison; a folder without a run is one line")
    func twoRuns() throws {
        let data = try ReportTests.shared.get()
        let output = data.folder.path("two.html"), folder = data.folder.path("kept")
        let run = try CommandRun(["report", folder, folder, "--output", output])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try text(data, "two.html").contains("2 runs compared"))
        let none = try CommandRun(["report", data.folder.path("nowhere")])
        #expect(none.code == 1)
        #expect(none.complaintLines.count == 1, "\(none.complaint)")
        #expect(none.complaint.contains("no run to report on"))
    }

    @Test("The best checkpoint stays, and the summary names it")
    func theBestIsKept() throws {
        let data = try ReportTests.shared.get()
        let summary = try #require(
            JSONSerialization.jsonObject(with: Data(try text(data, "kept/summary.json").utf8))
                as? [String: Any])
        let best = try #require(summary["best"] as? [String: Any])
        #expect(best["metric"] as? String == "mAP@0.30")
        let step = try #require(best["step"] as? Int)
        let kept = try data.names(of: "kept").filter { $0.hasPrefix("checkpoint-") }
        #expect(
            Set(kept) == [
                "checkpoint-00000\(step).safetensors", "checkpoint-000006.safetensors",
            ])
    }
}
