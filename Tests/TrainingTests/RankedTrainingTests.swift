// SPDX-License-Identifier: Apache-2.0
import Foundation
import Ranks
import Recipes
import TestSupport
import Testing
import Training

/// Runs of several ranks, here threads, against the run of one.
@Suite("Training of several ranks") struct RankedTrainingTests {
    /// What a rank ends with.
    private struct End: Sendable {
        var bits: [[UInt32]]
        /// Of the averaged weights.
        var averages: [[UInt32]]
        var seen: Int
        var evaluations: [Int]
    }

    /// Runs the toy task as each rank in its own folder below `path`, new or to go on with.
    private func run(
        _ count: Int, _ path: String, _ overrides: [String] = [], rows: Int = 4,
        prepare: @escaping @Sendable (ToyTask, _ rank: Int) -> Void = { _, _ in }
    ) -> [Result<End, any Error>] {
        LocalRanks.run(count) { group in
            let toy = try ToyRun(
                ["accumulation=4", "optimizer.averageDecay=0.9"] + overrides, rows: rows)
            prepare(toy.task, group.rank)
            let name = "\(path)/rank\(group.rank)"
            // As after a crash: those that help rank 0 begin anew.
            if group.rank > 0 { try? FileManager.default.removeItem(atPath: name) }
            let folder =
                RunFolder.exists(name)
                ? try RunFolder.open(name)
                : try RunFolder.create(name, recipe: toy.reader.resolved)
            if group.count > 1 { folder.ranks = RunRanks(group, recipe: "") }
            let loop = try toy.loop(folder)
            try loop.run()
            return End(
                bits: toy.task.bits, averages: loop.withEvaluatedWeights { toy.task.bits },
                seen: toy.task.seen.count, evaluations: toy.task.evaluations)
        }
    }

    private func checkpoint(_ path: String, _ step: Int) -> Data? {
        let name = "checkpoint-" + String(repeating: "0", count: step < 10 ? 5 : 4) + "\(step)"
        return FileManager.default.contents(atPath: "\(path)/rank0/\(name).safetensors")
    }

    private func losses(_ path: String) throws -> [MetricsLine] {
        try RunFolder.metrics(of: path + "/rank0").map {
            var line = MetricsLine(step: $0.step)
            line.loss = $0.loss
            line.losses = $0.losses
            line.gradientNorm = $0.gradientNorm
            line.evaluation = $0.evaluation
            return line
        }
    }

    @Test("the bits are those of one process", arguments: [2, 4], [false, true])
    func equalsOneProcess(count: Int, isSharded: Bool) throws {
        try withTemporaryFolder { path in
            let sharded = "ranks.shardOptimizer=\(isSharded)"
            let alone = try #require(run(1, path + "/alone").first).get()
            let together = try run(count, path + "/together", [sharded]).map { try $0.get() }
            for end in together { #expect(end.bits == alone.bits) }
            #expect(together.first?.averages == alone.averages)
            #expect(alone.averages != alone.bits)
            #expect(together.allSatisfy { $0.seen == alone.seen / count })
            #expect(
                together.map(\.evaluations.count) == [2] + Array(repeating: 0, count: count - 1))
            #expect(try losses(path + "/together") == losses(path + "/alone"))
            for step in [8, 12] {
                let expected = try #require(checkpoint(path + "/alone", step))
                #expect(checkpoint(path + "/together", step) == expected)
            }
            // A finished run that is started again can still be evaluated.
            let again = try run(count, path + "/together", [sharded]).map { try $0.get() }
            #expect(again.first?.averages == alone.averages)
            #expect(again.allSatisfy { $0.seen == 0 })
        }
    }

    @Test("moments of 8 bits stay with their ranks") func shardsMomentsOfEightBits() throws {
        try withTemporaryFolder { path in
            let bits = ["optimizer.momentBits=8"]
            _ = try #require(run(1, path + "/alone", bits, rows: 521).first).get()
            let sharded = bits + ["ranks.shardOptimizer=true"]
            let broken = run(2, path + "/together", sharded, rows: 521) { task, rank in
                if rank == 1 { task.failAtStep = 6 }
            }
            #expect((try? broken[0].get()) == nil)
            _ = try run(2, path + "/together", sharded, rows: 521).map { try $0.get() }
            let expected = try #require(checkpoint(path + "/alone", 12))
            #expect(checkpoint(path + "/together", 12) == expected)
        }
    }

    @Test("a lost rank leaves a checkpoint to go on from", arguments: [false, true])
    func survivesALostRank(isSharded: Bool) throws {
        try withTemporaryFolder { path in
            let settings = ["ranks.shardOptimizer=\(isSharded)"]
            _ = try #require(run(1, path + "/alone").first).get()
            let broken = run(2, path + "/together", settings) { task, rank in
                if rank == 1 { task.failAtStep = 6 }
            }
            let text = message { _ = try broken[0].get() } ?? ""
            #expect(text.contains("rank 1 is lost; the "), "\(text)")
            #expect(text.hasSuffix("with --resume \(path)/together/rank0"), "\(text)")
            // Without its state of the optimizer only the last regular checkpoint is left.
            #expect((checkpoint(path + "/together", 6) == nil) == isSharded)
            #expect(checkpoint(path + "/together", 4) != nil)
            _ = try run(2, path + "/together", settings).map { try $0.get() }
            let expected = try #require(checkpoint(path + "/alone", 12))
            #expect(checkpoint(path + "/together", 12) == expected)
        }
    }

    @Test func anyNumberOfRanksGoesOnWithARun() throws {
        try withTemporaryFolder { path in
            _ = try #require(run(1, path + "/alone").first).get()
            for (number, sharded) in [(4, true), (1, false), (2, true)] {
                let stops = run(number, path + "/mixed", ["ranks.shardOptimizer=\(sharded)"]) {
                    task, rank in
                    if rank == 0, number > 2 { task.failAtStep = 5 }
                    if rank == 0, number == 1 { task.failAtStep = 9 }
                }
                #expect((try? stops[0].get()) == nil || number == 2)
            }
            let expected = try #require(checkpoint(path + "/alone", 12))
            #expect(checkpoint(path + "/mixed", 12) == expected)
        }
    }

    @Test func allStopEarlyTogether() throws {
        try withTemporaryFolder { path in
            let settings = [
                "evaluate.every=2", "evaluate.patience=2", "checkpoint.best=norm",
                "ranks.shardOptimizer=true",
            ]
            let ends = try run(2, path, settings) { task, _ in
                task.scores = { ["norm": 1 / Double($0)] }
            }.map { try $0.get() }
            #expect(ends[0].evaluations == [2, 4, 6])
            #expect(ends[0].bits == ends[1].bits)
            #expect(checkpoint(path, 6) != nil)
        }
    }

    @Test func anUnevenShareIsRefused() throws {
        try withTemporaryFolder { path in
            for result in run(3, path) {
                let text = message { _ = try result.get() } ?? ""
                #expect(text.hasPrefix("accumulation is 4, which 3 processes can't share evenly"))
            }
        }
    }

    @Test func ranksOfDifferentRecipesAreRefused() throws {
        try withTemporaryFolder { path in
            let results = LocalRanks.run(2) { group in
                let toy = try ToyRun(["accumulation=2", "seed=\(group.rank)"])
                let folder = try RunFolder.create(
                    "\(path)/\(group.rank)", recipe: toy.reader.resolved)
                folder.ranks = RunRanks(group, recipe: "")
                try toy.loop(folder).run()
            }
            let text = message { _ = try results[1].get() } ?? ""
            #expect(
                text.hasPrefix("rank 1 trains another recipe, model or data set than rank 0"),
                "\(text)")
        }
    }
}
