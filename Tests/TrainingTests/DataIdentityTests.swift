// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Console
import Files
import Foundation
import Ranks
import Recipes
import TestSupport
import Testing
import Training

/// A run goes on only where its outputs mean what they meant.
@Suite("Data identity") struct DataIdentityTests {
    /// What resuming a finished run says after `change`; nil where it goes on.
    private func resumed(
        _ overrides: [String] = ["steps=4"], _ change: (ToyTask) -> Void
    ) throws -> String? {
        try withTemporaryFolder { folder in
            let run = try ToyRun(overrides)
            do { try run.loop(try RunFolder.create(folder, recipe: run.reader.resolved)).run() }
            let before = try contents(of: folder)
            let other = try ToyRun(overrides)
            change(other.task)
            let text = message { try other.loop(try RunFolder.open(folder)).run() }
            if text != nil {
                #expect(other.task.seen.isEmpty)
                #expect(try contents(of: folder) == before)
            }
            return text?.replacingOccurrences(of: folder, with: "RUN")
        }
    }

    private func contents(of folder: String) throws -> [String: Data?] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, FileManager.default.contents(atPath: "\(folder)/\($0)"))
            })
    }

    @Test func aRenamedClassIsRefusedByName() throws {
        let text = try resumed { $0.labels = ["a", "c"] }
        #expect(
            text == "RUN: the data are not those of the checkpoint at step 4: class 1 \"b\" is now "
                + "\"c\"; put back the data as they were, or begin a new run, from these weights "
                + "with --start-from RUN")
    }

    @Test(arguments: [
        (["b", "a"], "the classes stand in another order, now \"b\", \"a\";"),
        (["a", "b", "c"], "step 4: class \"c\" is new;"),
        (["a"], "step 4: class \"b\" is gone;"),
        (["c", "a", "b"], "class \"c\" is new;"),
        (["b", "c"], "class \"a\" is gone; class \"c\" is new;"),
    ])
    func otherClassesAreRefusedByName(labels: [String], says: String) throws {
        let text = try resumed { $0.labels = labels }
        #expect(text?.contains(says) == true, "\(text ?? "")")
    }

    @Test(arguments: [["steps=4"], ["steps=null", "epochs=2"]])
    func anotherNumberOfSamplesIsRefusedWithBothNumbers(length: [String]) throws {
        let text = try resumed(length) { $0.sampleCount = 6 }
        #expect(text?.contains(": training samples 7 -> 6; put back") == true, "\(text ?? "")")
    }

    @Test func otherSamplesOfTheSameNumberAreRefused() throws {
        let text = try resumed { $0.content = ["xy", ""] }
        let digests = [["x", "y"], ["xy", ""]].map { ContentDigest.of($0) }
        #expect(
            text?.contains(
                ": the training samples changed (digest \(digests[0]) -> \(digests[1])); put")
                == true, "\(text ?? "")")
    }

    @Test func theSameDataGoOn() throws {
        #expect(try resumed { _ in } == nil)
    }

    @Test func otherNumbersOfTheSameClassesAreNamed() {
        func identity(_ ids: [Int]?) -> DataIdentity {
            DataIdentity(labels: ["a", "b"], labelIDs: ids, samples: 3, parts: ["p": ["1"]])
        }
        #expect(
            identity([1, 7]).differences(from: identity([1, 2])) == [
                "class \"b\" has the number 7, it had 2"
            ])
        #expect(identity([1, 7]).differences(from: identity(nil)).isEmpty)
        let many = DataIdentity(labels: (0..<9).map { "n\($0)" }, samples: 3, parts: [:])
        let former = DataIdentity(labels: (0..<9).map { "o\($0)" }, samples: 3, parts: [:])
        #expect(many.differences(from: former).count == 6)
        #expect(many.differences(from: former).last == "4 more")
    }

    /// Takes from a checkpoint what earlier versions did not write.
    private func age(_ path: String) throws {
        var state = try Safetensors.read(path)
        state.metadata["data"] = nil
        try Safetensors.write(state, to: path)
    }

    @Test func anEarlierCheckpointGoesOnAndSaysThatItCantBeChecked() throws {
        try withTemporaryFolder { folder in
            let run = try ToyRun(["steps=4"])
            do { try run.loop(try RunFolder.create(folder, recipe: run.reader.resolved)).run() }
            try age(folder + "/checkpoint-000004.safetensors")
            let said = SaidLines()
            let again = try ToyRun(["steps=4"])
            do {
                try again.loop(
                    try RunFolder.open(folder),
                    progress: ProgressLine(.plain(everySeconds: 1e9), write: said.add)
                ).run()
            }
            #expect(
                said.text.contains(
                    "the checkpoint at step 4 is of an earlier version and does not say what data "
                        + "it was trained on: that they are the same can't be checked\n"))
            #expect(again.task.bits == run.task.bits)
            // Its classes stand in the run folder, its samples in the checkpoint.
            try #"{"task":"t","backbone":"b","labels":["a","x"]}"#.write(
                toFile: folder + "/model.json", atomically: true, encoding: .utf8)
            let other = try ToyRun(["steps=4"])
            other.task.sampleCount = 5
            let text = message { try other.loop(try RunFolder.open(folder)).run() }
            #expect(text?.contains("class 1 \"x\" is now \"b\"; training samples 7 -> 5") == true)
        }
    }

    @Test func aRankWithOtherDataIsTurnedAway() throws {
        try withTemporaryFolder { folder in
            let ends = LocalRanks.run(2) { group -> Bool in
                let toy = try ToyRun(["accumulation=4", "steps=2"])
                if group.rank == 1 { toy.task.content = ["other"] }
                let run = try RunFolder.create(
                    "\(folder)/\(group.rank)", recipe: toy.reader.resolved)
                run.ranks = RunRanks(group, recipe: "")
                try toy.loop(run).run()
                return true
            }
            let text = message { _ = try ends[1].get() }
            #expect(text?.contains("rank 1 trains another recipe, model or data set") == true)
        }
    }
}
