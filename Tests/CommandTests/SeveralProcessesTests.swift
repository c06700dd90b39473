// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The short form of Benchmarks/several_processes.
@Suite("Several processes") struct SeveralProcessesTests {
    private static let mpirun = ["/usr/bin/mpirun", "/usr/local/bin/mpirun"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "Two processes of mpirun write the bytes of one",
        .enabled(
            if: mpirun != nil, "mpirun is not installed (Debian: openmpi-bin)"),
        arguments: [false, true])
    func twoProcessesWriteTheBytesOfOne(isSharded: Bool) throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(steps: 3, extra: "accumulation: 2")
        let alone = try data.train(recipe, "alone")
        try #require(alone.code == 0, "\(alone.complaint)")
        let together = try CommandRun.runProgram(
            try #require(SeveralProcessesTests.mpirun),
            [
                "--allow-run-as-root", "--oversubscribe", "-n", "2",
                try #require(CommandRun.program), "tad", "train", recipe, "--quiet", "--run",
                data.folder.path("together"), "--set", "ranks.shardOptimizer=\(isSharded)",
            ])
        try #require(together.code == 0, "\(together.complaint)")
        for name in ["checkpoint-000003.safetensors", "predictions.json"] {
            let expected = try #require(
                FileManager.default.contents(atPath: data.folder.path("alone/" + name)))
            #expect(
                FileManager.default.contents(atPath: data.folder.path("together/" + name))
                    == expected, "\(name)")
        }
    }

    @Test(
        "Without Open MPI's library a process of mpirun says in one line what to install",
        .enabled(
            if: mpirun == nil, "Open MPI is installed"))
    func aMissingLibraryIsOneLine() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(steps: 1)
        let result = try CommandRun.runProgram(
            try #require(CommandRun.program),
            ["tad", "train", recipe, "--quiet", "--run", data.folder.path("run")],
            environment: ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"])
        #expect(result.code == 1)
        #expect(result.complaint.split(separator: "\n").count == 1, "\(result.complaint)")
        #expect(result.complaint.contains("libmpi.so.40 is missing"), "\(result.complaint)")
    }
}
