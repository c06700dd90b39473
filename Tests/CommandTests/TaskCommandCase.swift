// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A command of a task on tiny inputs, and what each common option does there.
struct TaskCommandCase: Sendable, CustomTestStringConvertible {
    /// What an option does.
    enum Effect: Sendable {
        /// What it says: here with these arguments behind the command.
        case acts(@Sendable (TaskWorkplace) -> [String])
        /// Nothing, which the command says in one line that holds this.
        case refused(String)
        /// The command has none of it.
        case absent
    }

    /// The names that lead to the command.
    let command: [String]
    /// Arguments of a call that succeeds; `OUT` stands for a folder of the call's own.
    let arguments: @Sendable (TaskWorkplace) -> [String]
    /// `--seed`, where it acts on these arguments.
    var seed = Effect.refused("nothing is drawn at random")
    /// `--set` with a key and a value.
    var set = Effect.refused("no recipe is read")
    /// `--keep-going` where something is faulty, and its exit code.
    var keepGoing = Effect.absent
    var codeOfGoingOn: Int32 = 1
    /// What the names of files begin with that hold nothing measured; nil for all.
    var unmeasured: [String]?

    var testDescription: String { command.joined(separator: " ") }

    /// The commands of all tasks.
    static let all: [TaskCommandCase] = temporal + detection + points

    private static let temporal = [
        TaskCommandCase(
            command: ["tad", "prepare"],
            arguments: { [$0.temporalRecipe, "--set", "data.prepared=OUT/frames"] },
            seed: .refused("the same for every seed"),
            set: .acts { [$0.temporalRecipe, "--set", "data.prepared=OUT/frames"] },
            keepGoing: .acts { [$0.temporal("faulty.yaml"), "--set", "data.prepared=OUT/frames"] },
            codeOfGoingOn: 0),
        TaskCommandCase(
            command: ["tad", "extract"],
            arguments: { [$0.temporalRecipe, "--output", "OUT/features"] },
            seed: .acts { [$0.temporalRecipe, "--output", "OUT/features"] },
            set: .acts { [$0.temporalRecipe, "--output", "OUT/features", "--set", "steps=1"] },
            keepGoing: .acts { [$0.temporal("faulty.yaml"), "--output", "OUT/features"] },
            codeOfGoingOn: 0),
        TaskCommandCase(
            command: ["tad", "train"],
            arguments: { [$0.temporalRecipe, "--run", "OUT/run"] },
            seed: .acts { [$0.temporalRecipe, "--run", "OUT/run"] },
            set: .acts { [$0.temporalRecipe, "--run", "OUT/run", "--set", "way=frozen"] },
            keepGoing: .acts { [$0.temporal("faulty.yaml"), "--run", "OUT/run"] },
            codeOfGoingOn: 0, unmeasured: ["checkpoint-", "predictions.json"]),
        TaskCommandCase(
            command: ["tad", "predict"],
            arguments: {
                ["--run", $0.temporal("run"), $0.temporal("c.y4m"), "--output", "OUT/found.json"]
            },
            set: .acts {
                [
                    "--run", $0.temporal("run"), $0.temporal("c.y4m"), "--set",
                    "postProcessing.minimumScore=0.9",
                ]
            },
            keepGoing: .acts {
                ["--run", $0.temporal("run"), $0.temporal("bad.mp4"), $0.temporal("c.y4m")]
            }),
        TaskCommandCase(
            command: ["tad", "evaluate"], arguments: { $0.scored("predictions.json") },
            keepGoing: .acts { $0.scored("faulty.json") }),
        TaskCommandCase(
            command: ["tad", "analyze"], arguments: { $0.scored("predictions.json") },
            keepGoing: .acts { $0.scored("faulty.json") }),
    ]

    private static let detection = [
        TaskCommandCase(
            command: ["detect", "prepare"],
            arguments: {
                [$0.detection("recipe.yaml"), "--output", "OUT/a.json", "--tiles", "OUT/tiles"]
            },
            set: .acts { [$0.detection("recipe.yaml"), "--set", "data.size=32"] },
            keepGoing: .acts { [$0.detection("faulty.yaml"), "--output", "OUT/a.json"] },
            codeOfGoingOn: 0),
        TaskCommandCase(
            command: ["detect", "preview"],
            arguments: { [$0.detection("recipe.yaml"), "--output", "OUT/a.png", "--count", "2"] },
            seed: .acts { [$0.detection("recipe.yaml"), "--output", "OUT/a.png", "--count", "2"] },
            set: .acts {
                [$0.detection("recipe.yaml"), "--output", "OUT/a.png", "--set", "steps=2"]
            },
            keepGoing: .acts { [$0.detection("faulty.yaml"), "--output", "OUT/a.png"] },
            codeOfGoingOn: 0),
        TaskCommandCase(
            command: ["detect", "train"],
            arguments: { [$0.detection("recipe.yaml"), "--run", "OUT/run"] },
            seed: .acts { [$0.detection("recipe.yaml"), "--run", "OUT/run"] },
            set: .acts {
                [$0.detection("recipe.yaml"), "--run", "OUT/run", "--set", "way=frozen"]
            },
            keepGoing: .acts { [$0.detection("faulty.yaml"), "--run", "OUT/run"] },
            codeOfGoingOn: 0, unmeasured: ["checkpoint-", "predictions.json"]),
        TaskCommandCase(
            command: ["detect", "predict"],
            arguments: {
                [
                    "--run", $0.detection("run"), $0.detection("0.ppm"), "--output",
                    "OUT/found.json",
                ]
            },
            set: .acts {
                [
                    "--run", $0.detection("run"), $0.detection("0.ppm"), "--set",
                    "inference.scoreThreshold=0.9",
                ]
            },
            keepGoing: .acts {
                ["--run", $0.detection("run"), $0.detection("bad.ppm"), $0.detection("0.ppm")]
            }),
        TaskCommandCase(
            command: ["detect", "evaluate"],
            arguments: { $0.boxes("run/predictions.json") },
            keepGoing: .acts { $0.boxes("faulty.json") }),
    ]

    private static let points = [
        TaskCommandCase(
            command: ["points", "prepare"],
            arguments: { [$0.points("recipe.yaml"), "--set", "data.prepared=OUT/points"] },
            seed: .refused("the same for every seed"),
            set: .acts { [$0.points("recipe.yaml"), "--set", "data.prepared=OUT/points"] },
            keepGoing: .acts { [$0.points("faulty.yaml"), "--set", "data.prepared=OUT/points"] },
            codeOfGoingOn: 0),
        TaskCommandCase(
            command: ["points", "train"],
            arguments: { [$0.points("recipe.yaml"), "--run", "OUT/run"] },
            seed: .acts { [$0.points("recipe.yaml"), "--run", "OUT/run"] },
            set: .acts { [$0.points("recipe.yaml"), "--run", "OUT/run", "--set", "way=frozen"] },
            keepGoing: .refused("always left out and listed"),
            unmeasured: ["checkpoint-"]),
        TaskCommandCase(
            command: ["points", "predict"],
            arguments: { ["--run", $0.points("run"), $0.points("a.ply"), "--folder", "OUT/new"] },
            set: .refused("as the run was trained"),
            keepGoing: .acts {
                [
                    "--run", $0.points("run"), $0.points("bad.ply"), $0.points("a.ply"),
                    "--folder", "OUT/new",
                ]
            }),
        TaskCommandCase(
            command: ["points", "evaluate"], arguments: { $0.labels("labels.npy") },
            keepGoing: .acts { $0.labels("strange.npy") }),
        TaskCommandCase(
            command: ["points", "view"],
            arguments: { [$0.points("mesh.off"), "--output", "OUT/a.png", "--samples", "500"] },
            seed: .acts { [$0.points("mesh.off"), "--output", "OUT/a.png", "--samples", "500"] },
            set: .absent),
    ]
}
