// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Foundation
import Optimizers
import Recipes
import Reversible
import Tensors
import TestSupport
import Testing
import Training

@Suite("RunFolder") struct RunFolderTests {
    private func checkpoint(_ step: Int) -> TrainingCheckpoint {
        let task = ToyTask()
        task.head.weight.tensor = Tensor(repeating: Double(step), shape: [4, 8])
        return TrainingCheckpoint(
            step: step, position: 4 * step, sampleCount: 7, seed: 5, recipeFingerprint: "f",
            data: task.dataIdentity,
            coefficients: ScheduleShape.Pair(alpha: 0.9375, beta: 0.0625),
            parameters: task.parameterGroups.flatMap(\.entries),
            optimizer: AdamW(task.head, rate: 1))
    }

    private func make(_ path: String) throws -> RunFolder {
        try RunFolder.create(path, recipe: try ToyRun().reader.resolved)
    }

    @Test func aCheckpointComesBackWhole() throws {
        try withTemporaryFolder { path in
            let folder = try make(path)
            #expect(try folder.latestCheckpoint(warn: { _ in })?.step == nil)
            try folder.save(checkpoint(3), keep: 1)
            let read = try #require(try folder.latestCheckpoint(warn: { _ in }))
            #expect(read.step == 3 && read.position == 12 && read.seed == 5)
            #expect(read.sampleCount == 7 && read.recipeFingerprint == "f")
            #expect(read.data == ToyTask().dataIdentity)
            #expect(read.coefficients == ScheduleShape.Pair(alpha: 0.9375, beta: 0.0625))
            let task = ToyTask()
            try read.load(into: task.parameterGroups.flatMap(\.entries))
            #expect(task.head.weight.tensor.floats == [Float](repeating: 3, count: 32))
            #expect(
                read.model.names == [
                    "backbone.weight", "backbone.bias", "head.weight", "head.bias",
                ])
        }
    }

    @Test func aModelOfAnotherShapeIsRefusedWhole() throws {
        let own = checkpoint(3)
        let task = ToyTask()
        task.head.weight.tensor = Tensor(zeros: [2, 8])
        let before = task.bits
        let text = message { try own.load(into: task.parameterGroups.flatMap(\.entries)) }
        #expect(
            text == "the checkpoint at step 3 doesn't fit the model: 1 misshaped (head.weight "
                + "[4, 8] instead of [2, 8]); it is of another recipe")
        #expect(task.bits == before)
        let half = message { try own.load(into: task.parameterGroups[0].entries) }
        #expect(half?.contains("2 unexpected (head.weight, ...)") == true)
    }

    @Test func aCrashBeforeTheRenameLeavesThePreviousCheckpoint() throws {
        try withTemporaryFolder { path in
            do {
                let folder = try make(path)
                try folder.save(checkpoint(10), keep: 3)
                // What a process killed between writing aside and renaming leaves behind.
                let whole = try #require(
                    FileManager.default.contents(atPath: path + "/checkpoint-000010.safetensors"))
                try whole.prefix(whole.count / 2).write(
                    to: URL(fileURLWithPath: path + "/.checkpoint-000020.safetensors.123-abc.tmp"))
                let read = try folder.latestCheckpoint(warn: { Issue.record("\($0)") })
                #expect(read?.step == 10)
            }
            let folder = try RunFolder.open(path)
            #expect(try folder.latestCheckpoint(warn: { _ in })?.step == 10)
            let names = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(!names.contains { $0.hasSuffix(".tmp") })
        }
    }

    @Test func aDamagedCheckpointIsSkippedAloud() throws {
        try withTemporaryFolder { path in
            let folder = try make(path)
            try folder.save(checkpoint(10), keep: 3)
            let first = path + "/checkpoint-000010.safetensors"
            let whole = try #require(FileManager.default.contents(atPath: first))
            try whole.prefix(whole.count - 5).write(
                to: URL(fileURLWithPath: path + "/checkpoint-000020.safetensors"))
            var warnings: [String] = []
            #expect(try folder.latestCheckpoint(warn: { warnings.append($0) })?.step == 10)
            #expect(warnings.count == 1)
            #expect(warnings.first?.contains("checkpoint-000020") == true)
            try Data().write(to: URL(fileURLWithPath: first))
            #expect(throws: (any Error).self) { try folder.latestCheckpoint(warn: { _ in }) }
        }
    }

    @Test func onlyTheLastFewCheckpointsStay() throws {
        try withTemporaryFolder { path in
            let folder = try make(path)
            for step in [5, 10, 1_000_000, 15] { try folder.save(checkpoint(step), keep: 2) }
            #expect(try folder.checkpoints().map(\.step) == [15, 1_000_000])
        }
    }

    @Test func metricsAreCutAtAStepAndHalfLinesAreDropped() throws {
        try withTemporaryFolder { path in
            let folder = try make(path)
            for step in 1...5 {
                var line = MetricsLine(step: step)
                line.loss = 0.1 * Double(step)
                line.losses = ["b": .nan, "a \"x\"": 1e-30]
                try folder.append(line)
            }
            let text = try String(contentsOfFile: folder.metricsPath, encoding: .utf8)
            #expect(
                text.hasPrefix(
                    "{\"step\":1,\"loss\":0.1,\"losses\":{\"a \\\"x\\\"\":1e-30,\"b\":null}}\n"))
            try (text + "{\"step\":6,").write(
                toFile: folder.metricsPath, atomically: true, encoding: .utf8)
            #expect(try folder.metrics().map(\.step) == [1, 2, 3, 4, 5])
            try folder.cutMetrics(after: 3)
            let kept = try String(contentsOfFile: folder.metricsPath, encoding: .utf8)
            #expect(kept == text.split(separator: "\n").prefix(3).joined(separator: "\n") + "\n")
            try "{\"step\":1}\nnonsense\n".write(
                toFile: folder.metricsPath, atomically: true, encoding: .utf8)
            #expect(
                message { _ = try folder.metrics() }
                    == "\(path)/metrics.jsonl:2: not a line of metrics; remove the line")
        }
    }

    @Test func aSecondWriterIsTurnedAway() throws {
        try withTemporaryFolder { path in
            let folder = try make(path)
            for text in [message { _ = try make(path) }, message { _ = try RunFolder.open(path) }] {
                #expect(
                    text == "\(path): in use by process \(getpid()); wait for it to end or choose "
                        + "another folder")
            }
            #expect(folder.path == path)
        }
    }

    @Test func aFolderThatHoldsARunIsNotOverwritten() throws {
        try withTemporaryFolder { path in
            do { _ = try make(path) }
            #expect(message { _ = try make(path) }?.contains("holds a run already") == true)
            #expect(
                message { _ = try RunFolder.open(path + "/none") }?.contains("no run to resume")
                    == true)
        }
    }

    @Test func aReadOnlySystemIsOneLine() {
        let text = message { _ = try make("/sys/dr2net-run") }
        #expect(text?.hasPrefix("/sys/dr2net-run: can't make the run folder (") == true)
        #expect(text?.contains("\n") == false)
    }

    @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
    func anUnwritableFolderIsOneLine() throws {
        try withTemporaryFolder { path in
            unsafe chmod(path, 0o500)
            defer { unsafe chmod(path, 0o700) }
            let text = message { _ = try make(path + "/run") }
            #expect(text?.contains("Permission denied") == true)
            #expect(text?.contains("\n") == false)
        }
    }

    @Test func aFileInTheWayIsOneLine() throws {
        try withTemporaryFolder { path in
            try Data().write(to: URL(fileURLWithPath: path + "/file"))
            let text = message { _ = try make(path + "/file/run") }
            #expect(text?.hasPrefix("\(path)/file/run: can't make the run folder (") == true)
            #expect(text?.contains("\n") == false)
        }
    }
}
