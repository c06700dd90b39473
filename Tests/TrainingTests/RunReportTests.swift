// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import Reports
import TestSupport
import Testing
import Training

@Suite("Run reports") struct RunReportTests {
    /// A run folder by hand, with `steps` lines.
    private func write(_ path: String, steps: Int = 8, recipe: String = "") throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        func file(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }
        try file(
            "recipe.yaml",
            "steps: \(steps)\nway: dr2net\ndr2net: {policy: balanced, arithmetic: exact}\n\(recipe)"
        )
        var text = ""
        for step in 1...steps {
            var line = MetricsLine(step: step)
            line.loss = 4 / Double(step)
            line.learningRates = ["head": 0.01, "backbone": 0.001]
            line.alpha = 1 - Double(step) / 100
            line.beta = Double(step) / 100
            line.seconds = 0.5
            line.loadSeconds = 0.01
            line.liveBytes = 1 << 20
            line.peakBytes = 3 << 20
            line.residentPeakBytes = 9 << 20
            text += line.json + "\n"
            guard step % 4 == 0 else { continue }
            var evaluation = MetricsLine(step: step)
            evaluation.evaluation = ["mAP": 0.125 * Double(step), "plain.mAP": 0.0625]
            text += evaluation.json + "\n"
        }
        try file("metrics.jsonl", text)
        try file(
            "model.json",
            #"{"task":"tad","backbone":"vit-tiny-16","labels":["<b>jump</b>","run"]}"#)
        try file(
            "timeline.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>")
    }

    /// Writes the summary of a finished run.
    private func summarize(_ report: OutcomeReport, _ run: String) throws {
        let outcomes = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
        let text = """
            {"run": "run", "way": "dr2net", "steps": 8, "firstLoss": 1, "lastLoss": 0.5, "scores": {},
            "baselines": {}, "peakCountedBytes": 1, "peakResidentBytes": 1, "stepSeconds": 1,
            "outcomes": \(outcomes)}
            """
        try text.write(toFile: run + "/summary.json", atomically: true, encoding: .utf8)
    }

    @Test("One run's page has its card, scores, curves, picture and recipe")
    func onePage() throws {
        try withTemporaryFolder { folder in
            try write(folder + "/run", recipe: "data:\n  videos: \"/films/<x>\"\n")
            let html = RunReport.page(try RunRecord(folder + "/run")).html
            for part in [
                "<h1>Run run</h1>", "8 of 8 steps, 2 evaluations; no summary yet", "vit-tiny-16",
                "dr2net, balanced, exact", "2: &lt;b&gt;jump&lt;/b&gt;, run", "/films/&lt;x&gt;",
                "<td>1.0000</td><td>0.0625</td>", "timeline.svg", "data:image/svg+xml;base64,",
                "0.92, 0.08", "3.0 MiB",
            ] {
                #expect(html.contains(part), "\(part)")
            }
            for title in [
                "Loss", "Scores", "Coefficients α and β in force", "Learning rates", "Memory",
                "Time of a step",
            ] {
                #expect(html.contains("<title>\(title)</title>"), "\(title)")
            }
            #expect(!html.contains("<script") && !html.contains("alert(1)"))
        }
    }

    @Test("The page opens with what was found, missed and invented, and its pictures")
    func outcomesOpenThePage() throws {
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            try write(run)
            let before = RunReport.page(try RunRecord(run)).html
            #expect(before.contains("is not counted here") && before.contains("--resume \(run)"))
            #expect(before.contains("<h2>Findings</h2>"))
            var report = OutcomeReport(
                unit: "segments", rule: "tIoU ≥ 0.5, score ≥ 0.3", minimumScore: 0.3,
                notes: ["One note & more."],
                classes: [
                    .init(name: "<b>jump</b>", counts: OutcomeCounts(missed: 1)),
                    .init(name: "run", counts: OutcomeCounts(found: 3, missed: 1, invented: 2)),
                ])
            report.pictures = [
                .init(file: "timeline.svg", caption: "along time"),
                .init(file: "gone.png", caption: "nowhere"),
            ]
            try summarize(report, run)
            let html = RunReport.page(try RunRecord(run)).html
            // In this order, before the card.
            var rest = html[...]
            for part in [
                "<h2>3 of 5 segments found, 2 missed, 2 invented</h2>",
                "At tIoU ≥ 0.5, score ≥ 0.3.",
                "<tr><th scope=\"row\">run</th><td>4</td><td>3</td><td>1</td><td>2</td>"
                    + "<td>0.60</td><td>0.75</td><td>0.67</td></tr>",
                "<th scope=\"row\">&lt;b&gt;jump&lt;/b&gt;</th><td>1</td><td>0</td><td>1</td>"
                    + "<td>0</td><td>–</td><td>0.00</td>",
                "<th scope=\"row\">all</th><td>5</td>", "One note &amp; more.",
                "along time (timeline.svg)", "gone.png (nowhere) is not in the run folder",
                "<h2>Model card</h2>",
            ] {
                guard let place = rest.range(of: part) else {
                    Issue.record("\(part) is not there, or not in its place")
                    continue
                }
                rest = rest[place.upperBound...]
            }
            #expect(!html.contains("<h2>Findings</h2>") && !html.contains("is not counted here"))
        }
    }

    @Test("Many classes become one row")
    func manyClasses() throws {
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            try write(run)
            let report = OutcomeReport(
                unit: "segments", notes: [],
                classes: (0..<40).map {
                    .init(name: "class \($0)", counts: OutcomeCounts(found: $0))
                })
            try summarize(report, run)
            let html = RunReport.page(try RunRecord(run)).html
            // The ten rarest: 0 + ... + 9.
            #expect(html.contains("<th scope=\"row\">10 further classes</th><td>45</td>"))
            #expect(html.contains(">class 10<") && !html.contains(">class 9<"))
        }
    }

    @Test("Runs that have only begun, or whose metrics are odd, make a page too")
    func oddRuns() throws {
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            try write(run, steps: 1)
            try FileManager.default.removeItem(atPath: run + "/model.json")
            try "".write(toFile: run + "/metrics.jsonl", atomically: true, encoding: .utf8)
            #expect(RunReport.page(try RunRecord(run)).html.contains("No evaluation yet"))
            try "{\"step\":1,\"loss\":null}\n{\"step\":2,\"loss\":1}\n{\"step\":3,\"loss\":1e300}\n"
                .write(toFile: run + "/metrics.jsonl", atomically: true, encoding: .utf8)
            #expect(RunReport.page(try RunRecord(run)).html.contains("<title>Loss</title>"))
            try "{\"step\":1}\nno\n".write(
                toFile: run + "/metrics.jsonl", atomically: true, encoding: .utf8)
            #expect(message { _ = try RunRecord(run) }?.contains("metrics.jsonl:2") == true)
            #expect(
                message { _ = try RunRecord(folder) }
                    == "\(folder): no run to report on: it has no recipe.yaml; expected a folder "
                    + "that train has written")
        }
    }

    @Test("A comparison has a row for each run, and the settings that differ only")
    func comparison() throws {
        try withTemporaryFolder { folder in
            try write(folder + "/a", recipe: "seed: 1\noptimizer:\n  clipNorm: 1\n")
            try write(folder + "/b", steps: 4, recipe: "seed: 1\noptimizer:\n  clipNorm: 2\n")
            let html = RunComparison.page(
                [try RunRecord(folder + "/a"), try RunRecord(folder + "/b")]
            ).html
            for part in [
                "<h1>2 runs compared</h1>",
                "<tr><th scope=\"row\">optimizer.clipNorm</th><td>1</td><td>2</td></tr>",
                "<th scope=\"row\">steps</th><td>8</td><td>4</td>",
                "<tr><th scope=\"row\">a</th><td>1.0000</td></tr>", "<title>mAP</title>",
                "<title>Loss</title>",
            ] {
                #expect(html.contains(part), "\(part)")
            }
            #expect(!html.contains("<th scope=\"row\">seed</th>"))
        }
    }

    @Test("Long runs are drawn with a few hundred points")
    func longRuns() throws {
        try withTemporaryFolder { folder in
            try write(folder + "/run", steps: 2000)
            let html = RunReport.page(try RunRecord(folder + "/run")).html
            #expect(html.contains("step (means of 4 steps)"))
            #expect(html.utf8.count < 300_000)
        }
    }
}
