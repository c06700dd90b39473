// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Console
import Datasets
import Files
import Foundation
import Recipes
import Reversible
import Synchronization
import TemporalActionDetection
import Testing
import Training

@Suite("Demo") struct DemoTests {
    private let plan = DemoPlan(
        recipe: "/r/short.yaml", overrides: ["steps=3"], run: "runs/demo/",
        threads: 2)

    @Test func thePlanIsThatOfTheRecipe() {
        #expect(DemoPlan.recipeName(isFull: false) == "big-buck-bunny-short")
        #expect(DemoPlan.recipeName(isFull: true) == "big-buck-bunny")
        #expect(plan.arguments == ["/r/short.yaml", "--run", "runs/demo", "--set", "steps=3"])
        #expect(
            plan.conventionalArguments(excluded: ["a", "b"]) == [
                "tad", "train", "/r/short.yaml", "--run", "runs/demo-conventional", "--quiet",
                "--threads", "2", "--set", "steps=3", "--set", "way=conventional", "--set",
                "steps=2", "--set", "schedule.backboneStart=0", "--set", "schedule.decayStart=0",
                "--set", "evaluate.every=0", "--set", "data.timeScale=1", "--set",
                #"data.excludedVideos=["a", "b"]"#,
            ])
        #expect(
            plan.closing(program: "dr2net", guide: "/g/README.md") == """
                picture         runs/demo/timeline.svg  (open it in a browser; curves are in runs/demo/report.html)
                your own video  dr2net tad predict --run runs/demo VIDEO
                guide           /g/README.md
                """)
    }

    /// Both settings finetune the backbone with dr2net, on the same film and frames of one film.
    @Test(arguments: [false, true])
    func itsRecipesFinetuneTheBackbone(isFull: Bool) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../tasks").standardized.path
        let path = try RecipeCatalog(folder: folder)
            .recipe(named: DemoPlan.recipeName(isFull: isFull)).path
        let recipe = try TemporalRecipe(RecipeDocument(path: path), dataFolder: "/data")
        #expect(recipe.finetuning.way == .dr2net)
        #expect(recipe.data.videos == ["/data/big-buck-bunny"])
        #expect(recipe.backbone?.network.weights == "/data/dinov2-small/vit_s_focus.onnx")
        let trained = recipe.training.totalSteps(sampleCount: 11) - recipe.training.backboneStart
        #expect(trained >= (isFull ? 50 : 10))
        #expect(recipe.thresholds.contains(0.5))
    }

    private var options: CommonOptions {
        var options = CommonOptions()
        (options.json, options.quiet, options.threads) = (false, true, nil)
        return options
    }

    private func result(_ way: String, counted: Int, seconds: Double) throws -> RunResult {
        let text = """
            {"run": "runs/demo", "way": "\(way)", "steps": 10, "firstLoss": 2.3571, "lastLoss": 0.9,
            "scores": {"mAP": 0.165, "mAP@0.30": 0.226, "mAP@0.50": 0.16, "plain.mAP": 0.2},
            "baselines": {"random segments": {"mAP": 0.042, "mAP@0.30": 0.092, "mAP@0.50": 0.035}},
            "peakCountedBytes": \(counted << 20), "peakResidentBytes": \((counted + 100) << 20),
            "stepSeconds": \(seconds)}
            """
        return try JSONDecoder().decode(RunResult.self, from: Data(text.utf8))
    }

    @Test func theTablesSayWhatWasMeasured() throws {
        let demo = try DemoResult(
            run: result("dr2net", counted: 703, seconds: 11),
            conventional: result("conventional", counted: 3339, seconds: 8), seconds: 200)
        #expect(
            demo.text == """
                peak memory of finetuning                    dr2net  conventional  ratio
                counted: live tensors in a backbone step    703 MiB      3339 MiB   0.21
                resident: the whole process, data included  803 MiB      3439 MiB   0.23

                validation       mAP@0.30  mAP@0.50   mean
                dr2net              0.226     0.160  0.165
                random segments     0.092     0.035  0.042
                times random          2.5       4.6    3.9
                training loss: 2.357 at first, 0.900 at last

                This is one film: training and validation are different parts of it, with the same characters
                and places. The scores show that training works and what it costs, nothing about other videos.
                """)
    }

    @Test func withoutConventionalStepsTheRunStands() throws {
        let demo = DemoResult(
            run: try result("dr2net", counted: 703, seconds: 11), conventional: nil, seconds: 200)
        #expect(
            demo.text.hasPrefix(
                """
                the conventional steps did not finish (out of memory?), so there is no memory to \
                compare; the dr2net run is whole
                counted: 703 MiB, resident: 803 MiB

                validation
                """))
    }

    @Test func theLongestAndTheShortestVideoAreLeft() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        let annotations = try TemporalPreparation(recipe).annotations
        #expect(DemoPlan.excluded(annotations, recipe.data) == ["x/1"])
        var data = recipe.data
        (data.trainingSubset, data.validationSubset) = ("none", "training")
        #expect(DemoPlan.excluded(annotations, data) == ["x/2"])
    }

    @Test func aRunThatIsThereIsRefusedFirst() throws {
        let fixture = try TemporalFixture()
        let run = fixture.path + "/run"
        let plan = DemoPlan(recipe: "/nowhere.yaml", overrides: [], run: run)
        for folder in [run, run + "-conventional"] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try Data().write(to: URL(filePath: folder + "/recipe.yaml"))
            #expect(throws: (any Error).self) {
                _ = try Demo(plan, common: options, progress: ProgressLine(.quiet))()
            }
            do {
                try plan.checkFolders()
            } catch {
                #expect(
                    error.description == "\(folder): holds a run already; go on with it by dr2net "
                        + "tad train --resume \(folder), or choose another folder with --run")
            }
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    /// Stands for the program that does the conventional steps.
    private struct Stub: CommandRunner {
        let status: Int32
        let calls = Calls()
        final class Calls: Sendable { let arguments = Mutex<[[String]]>([]) }

        func hasProgram(_ name: String) -> Bool { false }
        func run(_ command: Command) throws(InputError) -> CommandResult {
            calls.arguments.withLock { $0.append(command.arguments) }
            return CommandResult(status: status, errorOutput: "Killed\n")
        }
    }

    /// The whole way on a small film; the conventional steps end for want of memory.
    @Test func aSmallFilmGoesTheWholeWay() throws {
        let fixture = try TemporalFixture()
        _ = try fixture.recipe()
        let run = fixture.path + "/run"
        let plan = DemoPlan(
            recipe: fixture.path + "/recipe.yaml", overrides: ["schedule.backboneStart=2"],
            run: run)
        let shown = Mutex(""), stub = Stub(status: 137)
        let progress = ProgressLine(
            .plain(everySeconds: 100), beats: false,
            write: { text in shown.withLock { $0 += text } })
        let demo = Demo(plan, common: options, progress: progress, runner: stub)
        let found = try demo(fetching: [])
        let result = try #require(found)
        #expect(result.conventional == nil && result.run.steps == 4 && result.run.way == "dr2net")
        #expect(result.run.baselines.keys.sorted() == ["random segments"])
        #expect(
            stub.calls.arguments.withLock { $0 } == [plan.conventionalArguments(excluded: ["x/1"])])
        for name in ["timeline.svg", "report.html", "summary.json"] {
            #expect(FileManager.default.fileExists(atPath: "\(run)/\(name)"), "\(name)")
        }
        let text = shown.withLock { $0 }
        #expect(text.contains("\n== frames (after 0 s)\n") && text.contains("/3 x/1: 16 frames\n"))
        #expect(text.hasSuffix("the conventional steps ended with code 137: Killed\n"))
        #expect(throws: InputError.self) { _ = try demo(fetching: []) }
    }
}
