// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Console
import Files
import Foundation
import Recipes
import Tensors
import TestSupport
import Testing
import Training

@Suite("TrainingLoop") struct TrainingLoopTests {
    /// The lines of a run without what is measured rather than computed.
    private func lines(_ folder: String) throws -> [MetricsLine] {
        try RunFolder.metrics(of: folder).map { line in
            var line = line
            line.seconds = nil
            line.loadSeconds = nil
            line.liveBytes = nil
            line.peakBytes = nil
            line.residentPeakBytes = nil
            return line
        }
    }

    private func fresh(_ run: ToyRun, _ folder: String) throws -> RunFolder {
        try RunFolder.create(folder, recipe: run.reader.resolved)
    }

    @Test func trainsLogsEvaluatesAndSaves() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["steps=60", "checkpoint.every=20", "evaluate.every=25"])
            let summary = try run.loop(try fresh(run, folder + "/run")).run()
            #expect(summary.steps == 60)
            let first = try #require(summary.firstLoss), last = try #require(summary.lastLoss)
            #expect(last < first / 2)
            #expect(run.task.evaluations == [25, 50, 60])
            #expect(summary.evaluation?["norm"] != nil)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/run")
            #expect(
                names.filter { !$0.hasPrefix("events.out.tfevents.") }.sorted() == [
                    ".lock", "checkpoint-000040.safetensors", "checkpoint-000060.safetensors",
                    "metrics.jsonl", "recipe.yaml",
                ])
            let lines = try RunFolder.metrics(of: folder + "/run")
            #expect(lines.filter { $0.evaluation == nil }.map(\.step) == Array(1...60))
            let second = lines[1]
            #expect(second.epoch == 0)
            let square = try #require(second.losses?["square"])
            let loss = try #require(second.loss)
            #expect(abs(square - loss) < 1e-9)
            let rates: [String: Double] = ["head": 0.05 * 2 / 3, "backbone": 0]
            #expect(second.learningRates == rates)
            #expect(second.alpha == 0.9 && second.beta == 0.1)
            // The end of the update period, half of the steps in which the backbone trains.
            #expect(lines.last { $0.loss != nil }?.beta == 0.5)
            #expect((second.peakBytes ?? 0) > 0)
            #expect((second.residentPeakBytes ?? 0) > 1 << 20)
        }
    }

    @Test func theBackboneWaitsForItsStart() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["steps=4", "schedule.backboneStart=2"])
            let start = run.task.backbone.weight.tensor
            var atStart: [Bool] = []
            run.task.onStep = { position in
                #expect(position.isBackboneTrained == (position.step >= 2))
                if position.step <= 2, position.microBatch == 0 {
                    atStart.append(run.task.backbone.weight.tensor.isIdentical(to: start))
                }
            }
            try run.loop(try fresh(run, folder)).run()
            #expect(run.task.trained == [false, false, false, false, true, true, true, true])
            #expect(atStart == [true, true, true])
            #expect(!run.task.backbone.weight.tensor.isIdentical(to: start))
        }
    }

    @Test func everySampleIsSeenOnceAnEpoch() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["steps=7"])
            try run.loop(try fresh(run, folder)).run()
            let stream = run.task.seen.flatMap { $0 }
            #expect(stream.count == 28)
            for epoch in 0..<4 {
                #expect(stream[(epoch * 7)..<(epoch * 7 + 7)].sorted() == Array(0..<7))
            }
            #expect(stream[0..<7] != stream[7..<14])
        }
    }

    @Test(arguments: [1, 4, 5, 6, 9, 11])
    func resumingGivesTheBitsOfAnUninterruptedRun(_ stop: Int) throws {
        try exclusively { try resumesWithTheSameBits(stop: stop, []) }
    }

    @Test func averagesAreResumedWithTheSameBits() throws {
        try exclusively { try resumesWithTheSameBits(stop: 5, ["optimizer.averageDecay=0.9"]) }
    }

    @Test func updatesInBackwardGiveTheSameBits() throws {
        try withTemporaryFolder { folder in
            let overrides = [
                "accumulation=1", "optimizer.clipNorm=0", "optimizer.averageDecay=0.9",
            ]
            let after = try ToyRun(overrides)
            try after.loop(try fresh(after, folder + "/after")).run()
            let during = try ToyRun(overrides + ["optimizer.inBackward=true"])
            try during.loop(try fresh(during, folder + "/during")).run()
            #expect(during.task.bits == after.task.bits)
            #expect(try lines(folder + "/during") == lines(folder + "/after"))
        }
    }

    @Test func updatesInBackwardEndAtAGradientThatIsNotFinite() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun([
                "accumulation=1", "optimizer.clipNorm=0", "optimizer.inBackward=true",
            ])
            run.task.poisonStep = 5
            let text = message { try run.loop(try fresh(run, folder)).run() }
            #expect(text?.contains("32 of 32 values that are not finite at step 6") == true)
            #expect(text?.contains("go on from the run's last checkpoint") == true)
            #expect(try RunFolder.metrics(of: folder).count == 5)
            #expect(run.task.bits.joined().allSatisfy { Float(bitPattern: $0).isFinite })
        }
    }

    @Test(
        "what needs all gradients together excludes updates in the backward pass",
        arguments: [
            (["accumulation=1"], "clipNorm of 1.0"),
            (["optimizer.clipNorm=0"], "accumulation of 2"),
        ])
    func updatesInBackwardAreRefused(_ overrides: [String], _ reason: String) {
        let text = message { _ = try ToyRun(overrides + ["optimizer.inBackward=true"]) }
        #expect(text?.contains(reason) == true, "\(text ?? "accepted")")
    }

    @Test func momentsOfEightBitsAreResumedWithTheSameBits() throws {
        // Above the size from which moments have 8 bits, and no multiple of a block.
        try exclusively {
            try resumesWithTheSameBits(stop: 5, ["optimizer.momentBits=8"], rows: 521)
        }
    }

    @Test func momentsOfEightBitsTrainAlike() throws {
        try withTemporaryFolder { folder in
            func run(_ name: String, _ overrides: [String]) throws -> (Double, [Float]) {
                let run = try ToyRun(["steps=60"] + overrides, rows: 521)
                try run.loop(try fresh(run, folder + name)).run()
                let lines = try RunFolder.metrics(of: folder + name)
                return (
                    try #require(lines.compactMap(\.loss).last), run.task.head.weight.tensor.floats
                )
            }
            let (loss, weights) = try run("/full", [])
            let (short, shortWeights) = try run("/short", ["optimizer.momentBits=8"])
            #expect(abs(short - loss) < 0.02 * loss, "\(short), \(loss)")
            #expect(shortWeights != weights)
            let first = try ToyRun(["steps=60"], rows: 521).task.head.weight.tensor.floats
            let way = zip(weights, first).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            let off = zip(weights, shortWeights).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            #expect(off < 0.01 * way, "\(off) of \(way)")
        }
    }

    private func resumesWithTheSameBits(
        stop: Int, _ overrides: [String], rows: Int = 4
    ) throws {
        try withTemporaryFolder { folder in
            let whole = try ToyRun(overrides, rows: rows)
            try whole.loop(try fresh(whole, folder + "/whole")).run()

            let part = try ToyRun(overrides, rows: rows)
            let interruption = Interruption()
            part.task.onStep = { if $0.step == stop - 1 { interruption.request() } }
            let text = message {
                try part.loop(try fresh(part, folder + "/part"), interruption: interruption).run()
            }
            #expect(
                text == "interrupted after step \(stop) of 12; the checkpoint is saved, go on with "
                    + "--resume \(folder)/part")

            let rest = try ToyRun(overrides, rows: rows)
            try rest.loop(try RunFolder.open(folder + "/part")).run()
            #expect(rest.task.bits == whole.task.bits)
            #expect(try lines(folder + "/part") == lines(folder + "/whole"))
            #expect(part.task.seen + rest.task.seen == whole.task.seen)
            let names = ["checkpoint-000012.safetensors", "recipe.yaml"]
            for name in names {
                #expect(
                    FileManager.default.contents(atPath: "\(folder)/part/\(name)")
                        == FileManager.default.contents(atPath: "\(folder)/whole/\(name)"))
            }
        }
    }

    @Test func evaluationsSeeTheAveragedWeights() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["optimizer.averageDecay=0.5", "evaluate.every=4"])
            try run.loop(try fresh(run, folder + "/run")).run()
            let checkpoint = try TrainingCheckpoint(
                path: folder + "/run/checkpoint-000012.safetensors")
            let average = try #require(checkpoint.evaluatedModel["head.weight"])
            let trained = run.task.head.weight.tensor
            #expect(checkpoint.model["head.weight"]?.isIdentical(to: trained) == true)
            #expect(!average.isIdentical(to: trained))
            let last = try #require(try RunFolder.metrics(of: folder + "/run").last?.evaluation)
            #expect(last["norm"] == average.dot(average))
        }
    }

    @Test func aCrashedRunGoesOnFromItsLastCheckpoint() throws {
        try withTemporaryFolder { folder in
            let whole = try ToyRun()
            try whole.loop(try fresh(whole, folder + "/whole")).run()
            let crashed = try ToyRun()
            // No checkpoint at the crash: steps 9 and 10 are in the metrics, but lost.
            do {
                let path = folder + "/part"
                let loop = try crashed.loop(try fresh(crashed, path))
                crashed.task.failAtStep = 10
                #expect(throws: InputError.self) { try loop.run() }
                #expect(try RunFolder.metrics(of: path).last?.step == 10)
                // The end of a line that a crash cut off.
                let handle = try #require(FileHandle(forWritingAtPath: path + "/metrics.jsonl"))
                handle.seekToEndOfFile()
                handle.write(Data("{\"step\":11,\"lo".utf8))
            }
            let rest = try ToyRun()
            try rest.loop(try RunFolder.open(folder + "/part")).run()
            #expect(rest.task.bits == whole.task.bits)
            #expect(try lines(folder + "/part") == lines(folder + "/whole"))
        }
    }

    @Test func anEvaluationThatACrashTookIsMadeUpFor() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun()
            run.task.failsToEvaluate = true
            let path = folder + "/run"
            do {
                let loop = try run.loop(
                    try RunFolder.create(path, recipe: run.reader.resolved))
                #expect(message { try loop.run() } == "evaluation failed")
            }
            // Step 6 is evaluated but not a multiple of 4: the run goes on from step 4.
            let rest = try ToyRun(["evaluate.every=4"])
            try rest.loop(try RunFolder.open(path)).run()
            #expect(rest.task.evaluations == [4, 8, 12])
            // A finished run has nothing left to do.
            let done = try ToyRun()
            try done.loop(try RunFolder.open(path)).run()
            #expect(done.task.seen.isEmpty)
            #expect(done.task.evaluations.isEmpty)
            #expect(done.task.bits == rest.task.bits)
        }
    }

    @Test func aRecipeOfAnotherRunIsRefused() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["steps=4"])
            do { try run.loop(try fresh(run, folder)).run() }
            let other = try ToyRun(["steps=4", "optimizer.clipNorm=9"])
            let text = message { try other.loop(try RunFolder.open(folder)).run() }
            #expect(
                text == "\(folder): the recipe differs from that of the checkpoint at step 4; "
                    + "resume with the run's own recipe, or start a new run")
            let free = try ToyRun(["steps=4", "threads=1", "checkpoint.keep=5"])
            #expect(message { try free.loop(try RunFolder.open(folder)).run() } == nil)
        }
    }

    @Test func nonFiniteLossesAndGradientsStopTheRun() throws {
        try withTemporaryFolder { folder in
            let loss = try ToyRun()
            loss.task.onStep = {
                if $0.step == 2 {
                    loss.task.head.weight.tensor = Tensor(repeating: .nan, shape: [4, 8])
                }
            }
            let text = message { try loss.loop(try fresh(loss, folder + "/a")).run() }
            #expect(text?.hasPrefix("the loss is nan at step 3 (square is nan); lower") == true)
            #expect(text?.contains("\n") == false)
            // The samples of that pass, each with its file where that is known.
            let samples = try #require(loss.task.seen.last)
            let names = samples.map { $0 == 3 ? "3" : "\($0) (file\($0))" }
            #expect(
                text?.hasSuffix("check the data of samples \(names.joined(separator: ", "))")
                    == true,
                "\(text ?? "")")

            // The loss is finite, its gradient isn't.
            let gradient = try ToyRun(["schedule.backboneStart=0"])
            gradient.task.poisonStep = 5
            let second = message { try gradient.loop(try fresh(gradient, folder + "/b")).run() }
            #expect(
                second?.hasPrefix("the gradient of backbone.weight has 32 of 32 values") == true)
            #expect(second?.contains("at step 6") == true)
            #expect(try RunFolder.metrics(of: folder + "/b").count == 5)
        }
    }

    @Test func noSamplesOrNothingToTrainIsSaid() throws {
        try withTemporaryFolder { folder in
            let empty = try ToyRun()
            empty.task.sampleCount = 0
            let text = message { _ = try empty.loop(try fresh(empty, folder + "/a")) }
            #expect(text?.hasPrefix("there are no training samples") == true)
            let frozen = try ToyRun([
                "optimizer.headLearningRate=0", "optimizer.backboneLearningRate=0",
            ])
            let second = message { try frozen.loop(try fresh(frozen, folder + "/b")).run() }
            #expect(
                second?.hasPrefix("no trainable parameter took part in the loss at step 1") == true)
        }
    }

    @Test func aSignalAsksOnceAndASecondOneQuits() throws {
        let interruption = Interruption()
        let told = DispatchSemaphore(value: 0), quit = DispatchSemaphore(value: 0)
        interruption.listening(notify: { told.signal() }, quit: { quit.signal() }) {
            kill(getpid(), SIGINT)
            #expect(told.wait(timeout: .now() + 5) == .success)
            #expect(interruption.isRequested)
            #expect(quit.wait(timeout: .now() + 0.05) == .timedOut)
            kill(getpid(), SIGINT)
            #expect(quit.wait(timeout: .now() + 5) == .success)
        }
    }
}
