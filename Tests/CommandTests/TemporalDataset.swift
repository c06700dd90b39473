// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A tiny data set of temporal detection: three uncompressed films, brighter inside their actions.
final class TemporalDataset: Sendable {
    /// The folder of films, annotations and runs.
    let folder: TemporaryFolder

    /// Seconds and actions of each film.
    static let films:
        [(id: String, subset: String, seconds: Int, actions: [(Double, Double, String)])] = [
            ("a", "training", 8, [(1, 3, "bright"), (5, 7, "dark")]),
            ("b", "training", 3, [(0.5, 2, "dark")]),
            ("c", "validation", 6, [(1, 3, "bright"), (3.5, 5, "dark")]),
        ]

    /// Writes films and annotations.
    init() throws {
        folder = try TemporaryFolder()
        for film in TemporalDataset.films {
            _ = try folder.write(
                TemporalDataset.film(film.seconds, film.actions), as: film.id + ".y4m")
        }
        _ = try folder.write(TemporalDataset.annotations(), as: "annotations.json")
    }

    /// YUV4MPEG2, 32 by 32 pixels, 8 frames a second.
    private static func film(_ seconds: Int, _ actions: [(Double, Double, String)]) -> Data {
        var data = Data("YUV4MPEG2 W32 H32 F8:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".utf8)
        for frame in 0..<8 * seconds {
            let time = Double(frame) / 8
            let action = actions.first { $0.0 <= time && time < $0.1 }
            let level = action.map { $0.2 == "bright" ? 230 : 20 } ?? 110
            data += Data("FRAME\n".utf8)
            data += Data((0..<1024).map { UInt8(level + ($0 * 7 + frame * 3) % 24 - 12) })
        }
        return data
    }

    /// The annotation file; `edit` changes the JSON object of one film first.
    static func annotations(
        _ id: String? = nil, _ edit: (inout [String: Any]) -> Void = { _ in }
    ) throws -> Data {
        var database: [String: Any] = [:]
        for film in films {
            var video: [String: Any] = [
                "subset": film.subset, "duration": film.seconds, "source": film.id + ".y4m",
                "annotations": film.actions.map {
                    ["segment": [$0.0, $0.1], "label": $0.2] as [String: Any]
                },
            ]
            if film.id == id { edit(&video) }
            database[film.id] = video
        }
        return try JSONSerialization.data(
            withJSONObject: ["version": "test", "database": database], options: [.sortedKeys])
    }

    /// Writes a recipe of a ViT-Ti/16 at random weights on windows of 16 frames.
    ///
    /// - Parameters:
    ///   - annotations: The annotation file's name.
    ///   - extra: Further top-level lines.
    func recipe(
        way: String = "dr2net", steps: Int = 6, backboneStart: Int = 2,
        annotations: String = "annotations.json", size: Int = 32, extra: String = ""
    ) throws -> String {
        let text = """
            task: tad
            seed: 3
            steps: \(steps)
            way: \(way)
            dr2net: {policy: balanced, betaStart: 0.0625, betaEnd: 0.5}
            data:
              annotations: \(annotations)
              videos: .
              framesPerSecond: 4
              size: \(size)
              windowFrames: 16
            backbone: {name: vit-tiny-16, dropPath: 0.2}
            head: {channels: 32, levels: 3, neighbours: 4, towerDepth: 1, stitching: {enabled: true}}
            optimizer: {headLearningRate: 0.003, backboneLearningRate: 0.0003}
            schedule: {backboneStart: \(backboneStart)}
            evaluate: {tiou: [0.3, 0.5]}
            \(extra)
            """
        return try folder.write(text, as: "recipe-\(UUID().uuidString.prefix(8)).yaml")
    }

    /// Trains to the end.
    func train(_ recipe: String, _ run: String, _ more: [String] = []) throws -> CommandRun {
        try CommandRun(["tad", "train", recipe, "--run", folder.path(run), "--quiet"] + more)
    }

    /// The names in the folder of a run, the lock and TensorBoard's files aside.
    func names(of run: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(run)).sorted()
            .filter { $0 != ".lock" && !$0.hasPrefix("events.out.tfevents.") }
    }

    /// The bytes of the only checkpoint of a run.
    func checkpoint(of run: String) throws -> Data {
        let names = try names(of: run).filter { $0.hasPrefix("checkpoint-") }
        try #require(names.count == 1, "\(names)")
        return try Data(contentsOf: URL(fileURLWithPath: folder.path(run) + "/" + names[0]))
    }

    /// The lines of a run's metrics as objects.
    func metrics(of run: String) throws -> [[String: Any]] {
        try String(contentsOfFile: folder.path(run) + "/metrics.jsonl", encoding: .utf8)
            .split(separator: "\n").map {
                try #require(
                    JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
            }
    }

    /// The metrics without what differs from run to run: times and bytes.
    func comparableMetrics(of run: String) throws -> [NSDictionary] {
        let measured: Set = [
            "seconds", "loadSeconds", "liveBytes", "peakBytes", "residentPeakBytes",
        ]
        return try metrics(of: run).map { line in
            line.filter { !measured.contains($0.key) } as NSDictionary
        }
    }
}

/// A run of the built program that goes on beside the test.
final class CommandProcess {
    private let process = Process()
    private let folder: TemporaryFolder

    /// Starts `dr2net`.
    init(_ arguments: [String]) throws {
        folder = try TemporaryFolder()
        _ = FileManager.default.createFile(atPath: folder.path("error"), contents: nil)
        process.executableURL = URL(fileURLWithPath: try #require(CommandRun.program))
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: folder.path("error"))
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Waits until a file has so many lines, a minute at most.
    func wait(forLines count: Int, in path: String) throws {
        let end = ContinuousClock.now + .seconds(60)
        while (FileManager.default.contents(atPath: path) ?? Data()).count(where: { $0 == 10 })
            < count
        {
            try #require(process.isRunning && ContinuousClock.now < end, "\(complaint)")
            usleep(2000)
        }
    }

    /// Whether it has not ended yet.
    var isRunning: Bool { process.isRunning }

    /// Sends Ctrl-C's signal.
    func interrupt() { Foundation.kill(process.processIdentifier, SIGINT) }

    /// Ends it at once, as a power cut would, and waits until it is gone.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for the end, a minute at most, and gives the exit code.
    func code() -> Int32 {
        let end = ContinuousClock.now + .seconds(60)
        while process.isRunning, ContinuousClock.now < end { usleep(5000) }
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -1
    }

    /// Standard error so far.
    var complaint: String {
        (try? String(contentsOfFile: folder.path("error"), encoding: .utf8)) ?? ""
    }

    deinit { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }
}
