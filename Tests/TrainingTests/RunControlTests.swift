// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Recipes
import Tensors
import TestSupport
import Testing
import Training

/// Which checkpoints a run keeps, when it stops, and which parameters it leaves alone.
@Suite("Run control") struct RunControlTests {
    private func fresh(_ run: ToyRun, _ folder: String) throws -> RunFolder {
        try RunFolder.create(folder, recipe: run.reader.resolved)
    }

    private func steps(_ folder: String) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
            name.wholeMatch(of: /checkpoint-0*(\d+)\.safetensors/).flatMap { Int($0.1) }
        }
    }

    /// A run whose evaluations give these scores, one every two steps.
    private func scored(_ scores: [Double], _ overrides: [String]) throws -> ToyRun {
        let run = try ToyRun(["steps=12", "evaluate.every=2", "checkpoint.every=1"] + overrides)
        run.task.scores = { ["score": scores[$0 / 2 - 1]] }
        return run
    }

    @Test("The best checkpoint stays beside the last ones, the earliest of equal ones")
    func theBestStays() throws {
        try withTemporaryFolder { folder in
            let run = try scored(
                [1, 3, 2, 3, 2, 1], ["checkpoint.best=score", "checkpoint.keep=2"])
            try run.loop(try fresh(run, folder)).run()
            #expect(try steps(folder) == [4, 11, 12])
        }
    }

    @Test("A best evaluation between checkpoints gets a checkpoint of its own")
    func theBestIsSaved() throws {
        try withTemporaryFolder { folder in
            let run = try scored(
                [1, 3, 2, 1, 1, 0],
                ["checkpoint.best=score", "checkpoint.keep=1", "checkpoint.every=0"])
            try run.loop(try fresh(run, folder)).run()
            #expect(try steps(folder) == [4, 12])
            let best = try #require(BestScore("score", in: try RunFolder.metrics(of: folder)))
            #expect(best.step == 4 && best.value == 3)
            // Prediction takes it; a run that keeps none by a score predicts with the newest.
            let text = #"{"task":"t","backbone":"b","labels":[]"#
            for (more, step) in [(#","best":"score"}"#, 4), ("}", 12)] {
                try (text + more).write(
                    toFile: folder + "/model.json", atomically: true, encoding: .utf8)
                let description = try RunDescription.read(folder)
                #expect(try description.checkpoint(of: folder, warn: { _ in }).step == step)
            }
        }
    }

    @Test("A score that is no number is never the best one")
    func noNumberIsNeverBest() {
        func line(_ step: Int, _ value: Double) -> MetricsLine {
            var line = MetricsLine(step: step)
            line.evaluation = ["s": value]
            return line
        }
        let lines = [line(1, .nan), line(2, -1), line(3, .infinity), line(4, -2)]
        #expect(BestScore("s", in: lines)?.step == 2)
        #expect(BestScore("t", in: lines) == nil)
        #expect(BestScore("s", in: [line(1, .nan)]) == nil)
    }

    @Test("An unknown score stops the run at its first evaluation, with a checkpoint to go on from")
    func anUnknownScoreIsSaid() throws {
        try withTemporaryFolder { folder in
            let scores = [1.0, 2, 3, 4, 5, 6]
            let run = try scored(scores, ["checkpoint.best=mAP", "checkpoint.every=0"])
            do {
                let text = message { try run.loop(try fresh(run, folder)).run() }
                #expect(
                    text == "checkpoint.best: an evaluation has no score \"mAP\", it has score; go "
                        + "on with --resume \(folder) --set checkpoint.best=SCORE")
            }
            #expect(try steps(folder) == [2])
            let rest = try scored(scores, ["checkpoint.best=score", "checkpoint.every=0"])
            try rest.loop(try RunFolder.open(folder)).run()
            #expect(try RunFolder.metrics(of: folder).last?.step == 12)
        }
    }

    @Test("Patience ends a run, and more patience goes on with it")
    func patienceEndsARun() throws {
        try withTemporaryFolder { folder in
            let keys = ["checkpoint.best=score", "checkpoint.every=0", "evaluate.patience=2"]
            let scores = [1.0, 5, 4, 5, 6, 7]
            let run = try scored(scores, keys)
            do { try run.loop(try fresh(run, folder)).run() }
            #expect(run.task.evaluations == [2, 4, 6, 8])
            #expect(try steps(folder) == [4, 8])
            // What has ended stays so, whoever resumes it with the same recipe.
            let again = try scored(scores, keys)
            do { try again.loop(try RunFolder.open(folder)).run() }
            #expect(again.task.seen.isEmpty && again.task.evaluations.isEmpty)
            let patient = try scored(scores, keys + ["evaluate.patience=3"])
            try patient.loop(try RunFolder.open(folder)).run()
            #expect(patient.task.evaluations == [10, 12])
            #expect(try RunFolder.metrics(of: folder).filter { $0.loss != nil }.count == 12)
        }
    }

    @Test(
        "Keys that can't work together are refused",
        arguments: [
            (["evaluate.patience=2", "evaluate.every=1"], "add checkpoint.best: SCORE"),
            (
                ["evaluate.patience=2", "checkpoint.best=s", "evaluate.every=0"],
                "without evaluations on the way"
            ),
            (["evaluate.epochs=2"], "and every are both given"),
            (["optimizer.layerDecay=1.5"], "expected a number in 0.001...1.0"),
            (["optimizer.freeze=backbone"], "expected a list of texts"),
            (["checkpoint.best=7"], "write it in quotes"),
        ])
    func keysThatDoNotFit(overrides: [String], part: String) {
        let text = message { _ = try ToyRun(overrides) }
        #expect(text?.contains(part) == true, "\(text ?? "")")
    }

    @Test("Absent keys leave a recipe's fingerprint as it was before they existed")
    func absentKeysLeaveNoTrace() throws {
        let yaml = try ToyRun().reader.resolved.yaml
        for key in ["startFrom", "freeze", "layerDecay", "best", "patience", "epochs"] {
            #expect(!yaml.contains(key), "\(key)")
        }
        let plain = try ToyRun().reader.resolved.fingerprint
        for changed in ["optimizer.layerDecay=0.5", "optimizer.freeze=[head.*]", "startFrom=a"] {
            #expect(try ToyRun([changed]).reader.resolved.fingerprint != plain, "\(changed)")
        }
        let free = ["checkpoint.best=norm", "evaluate.patience=4", "checkpoint.keep=9"]
        #expect(try ToyRun(free).reader.resolved.fingerprint == plain)
    }

    @Test("Evaluations can be counted in passes over the samples")
    func evaluationsByEpochs() throws {
        try withTemporaryFolder { folder in
            // Seven samples, four a step.
            let run = try ToyRun(["steps=9", "evaluate.every=0", "evaluate.epochs=2"])
            try run.loop(try fresh(run, folder)).run()
            #expect(run.task.evaluations == [4, 8, 9])
        }
    }

    @Test("Frozen parameters keep their bits and have no optimizer state; the others train")
    func frozenParametersStay() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["steps=6", "optimizer.freeze=['*.bias', 'back*.w[a-f]ight']"])
            let before = run.task.bits
            try run.loop(try fresh(run, folder)).run()
            // backbone.weight, backbone.bias, head.weight, head.bias
            #expect(zip(before, run.task.bits).map { $0 == $1 } == [true, true, false, true])
            let state = try Safetensors.read(folder + "/checkpoint-000006.safetensors")
            #expect(
                Set(state.names.filter { $0.hasPrefix("optimizer.") }) == [
                    "optimizer.m.head.weight", "optimizer.v.head.weight",
                    "optimizer.updates.head.weight",
                ])
        }
    }

    @Test("A pattern without a parameter is one line")
    func patternsThatMatchNothing() throws {
        try withTemporaryFolder { folder in
            let wrong = try ToyRun(["optimizer.freeze=[head.wieght]"])
            let text = message { _ = try wrong.loop(try fresh(wrong, folder)) }
            #expect(
                text == "optimizer.freeze: \"head.wieght\" matches no parameter; expected a "
                    + "pattern of names such as head.weight")
        }
    }

    @Test("Nothing left to train is one line")
    func everythingFrozen() throws {
        try withTemporaryFolder { folder in
            let all = try ToyRun(["optimizer.freeze=['*']"])
            let text = message { try all.loop(try fresh(all, folder)).run() }
            #expect(text?.hasPrefix("no trainable parameter took part") == true, "\(text ?? "")")
        }
    }

    @Test("A damaged newest checkpoint is set aside and never crowds out a good one")
    func aDamagedCheckpointIsSetAside() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["checkpoint.keep=1", "steps=5"])
            do { try run.loop(try fresh(run, folder)).run() }
            let whole = try #require(
                FileManager.default.contents(atPath: folder + "/checkpoint-000005.safetensors"))
            try whole.prefix(100).write(
                to: URL(fileURLWithPath: folder + "/checkpoint-000099.safetensors"))
            let rest = try ToyRun(["checkpoint.keep=1", "steps=5"])
            do { try rest.loop(try RunFolder.open(folder)).run() }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.contains("checkpoint-000099.safetensors.damaged"))
            #expect(try steps(folder) == [5])

            // None left: an error, unless the run may start over.
            try Data("x".utf8).write(
                to: URL(fileURLWithPath: folder + "/checkpoint-000005.safetensors"))
            let third = try ToyRun(["steps=5"])
            #expect(message { try third.loop(try RunFolder.open(folder)).run() } != nil)
            let over = try ToyRun(["steps=5"])
            try over.loop(try RunFolder.open(folder, startsOver: true)).run()
            #expect(over.task.bits == run.task.bits)
            #expect(try RunFolder.metrics(of: folder).filter { $0.loss != nil }.count == 5)
        }
    }

    @Test("Live bytes are the same after each of 2,000 steps")
    func liveBytesStayFlat() throws {
        try exclusively {
            try withTemporaryFolder { folder in
                let run = try ToyRun([
                    "steps=2000", "accumulation=1", "checkpoint.every=400", "evaluate.every=500",
                    "optimizer.averageDecay=0.9",
                ])
                try run.loop(try fresh(run, folder)).run()
                let lines = try RunFolder.metrics(of: folder).filter { $0.loss != nil }
                let live = Set(lines.dropFirst(10).compactMap(\.liveBytes))
                #expect(lines.count == 2000)
                #expect(live.count == 1, "\(live.sorted())")
                #expect(lines.allSatisfy { ($0.loadSeconds ?? -1) >= 0 })
            }
        }
    }
}
