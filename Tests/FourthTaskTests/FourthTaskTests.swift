// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Files
import Foundation
import TestSupport
import Testing
import Training

/// `rows train`.
private struct RowTrainArguments: TrainArguments {
    typealias Task = RowTask
    static let abstract = "Train on rows."
}

/// A task made from CONTRIBUTING.md's checklist alone: three types and the shared `train`.
@Suite("A fourth task") struct FourthTaskTests {
    private func files(_ folder: String) throws -> (recipe: String, table: String) {
        let rows = (0..<24).map { row -> String in
            let x = Double(row % 12) / 6 - 1
            return "\(x),\(row < 12 ? 1 : -1),\(row < 12 ? "above" : "below")"
        }
        let table = folder + "/rows.csv", recipe = folder + "/rows.yaml"
        try AtomicFile.write(rows.joined(separator: "\n") + "\n", to: table)
        try AtomicFile.write(
            """
            # Rows above and below a line.
            task: rows
            steps: 40
            batchSize: 4
            way: conventional
            optimizer:
              headLearningRate: 0.05
            data:
              table: \(table)
            """, to: recipe)
        return (recipe, table)
    }

    private func train(_ arguments: [String]) throws -> RunResult? {
        let command = try TrainCommand<RowTrainArguments>.parse(arguments + ["--quiet"])
        try command.run()
        return arguments.firstIndex(of: "--run").flatMap { RunResult.read(arguments[$0 + 1]) }
    }

    @Test("trains by the shared command, scores, and predicts from its run folder")
    func trainsAndPredicts() throws {
        try withFolder { folder in
            let (recipe, table) = try files(folder), run = folder + "/run"
            let result = try #require(try train([recipe, "--run", run]))
            #expect(result.scores["OA"] == 1)
            let found = try RowPredictor(run: run)(table)
            #expect(
                found == Array(repeating: "above", count: 12) + Array(repeating: "below", count: 12)
            )
            let written = try String(contentsOfFile: run + "/rows.txt", encoding: .utf8)
            #expect(written == found.joined(separator: "\n") + "\n")
        }
    }

    @Test("a run that went on gives the losses of one that was never stopped")
    func resumes() throws {
        try withFolder { folder in
            let (recipe, _) = try files(folder)
            let whole = folder + "/whole", broken = folder + "/broken"
            _ = try train([recipe, "--run", whole, "--set", "checkpoint.every=20"])
            _ = try train([recipe, "--run", broken, "--set", "checkpoint.every=20"])
            let last = try FileManager.default.contentsOfDirectory(atPath: broken)
                .filter { $0.hasPrefix("checkpoint-") }.sorted()
            for name in last.dropFirst() {
                try FileManager.default.removeItem(atPath: "\(broken)/\(name)")
            }
            let command = try TrainCommand<RowTrainArguments>.parse(["--resume", broken, "--quiet"])
            try command.run()
            let losses = try [whole, broken].map { path in
                try RunFolder.open(path).metrics().compactMap(\.loss)
            }
            #expect(losses[0] == losses[1] && losses[0].count == 40)
        }
    }

    @Test("an unknown key and a faulty table are one line")
    func badInput() throws {
        try withFolder { folder in
            let (recipe, table) = try files(folder)
            expectFailure("tabel") {
                _ = try train([recipe, "--run", folder + "/a", "--set", "data.tabel=x"])
            }
            try AtomicFile.write("1,2,a\n1,b\n", to: table)
            expectFailure("line 2: expected numbers") {
                _ = try train([recipe, "--run", folder + "/b"])
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/b"))
        }
    }
}
