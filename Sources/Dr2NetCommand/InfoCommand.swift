// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Console
import Foundation
import Media
import Training

/// `dr2net info`: what a measurement depends on.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show version and commit, machine and libraries, and where files are found.")

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let facts = Facts()
        try console.result(facts) { facts.text }
    }

    /// What is printed.
    private struct Facts: Encodable {
        var environment = RunEnvironment.current
        var memoryAvailableBytes = SystemMemory.available
        var residentBytes = ResidentMemory.current
        var ffmpeg = MediaLibrary.version
        var places = ProgramPlaces()

        private enum CodingKeys: String, CodingKey {
            case memoryAvailableBytes, residentBytes, ffmpeg, places
        }

        /// All facts side by side.
        func encode(to encoder: any Encoder) throws {
            try environment.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(memoryAvailableBytes, forKey: .memoryAvailableBytes)
            try container.encode(residentBytes, forKey: .residentBytes)
            try container.encode(ffmpeg, forKey: .ffmpeg)
            try container.encode(places, forKey: .places)
        }

        var text: String {
            var table = TextTable()
            for row in environment.rows { table.append(row) }
            let available = memoryAvailableBytes.map { ", \(ByteSize.text($0)) available" }
            table.append(["memory", ByteSize.text(environment.memoryBytes) + (available ?? "")])
            table.append(["FFmpeg", ffmpeg])
            for row in places.rows { table.append(row) }
            return table.text
        }
    }
}

/// The machine's memory.
private enum SystemMemory {
    /// Bytes that can be had without swapping; nil where the system doesn't say.
    static var available: Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else {
            return nil
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let fields = line?.split(whereSeparator: \.isWhitespace) ?? []
        return fields.count > 1 ? Int(fields[1]).map { $0 * 1024 } : nil
    }
}
