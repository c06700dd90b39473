// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Foundation
import Media
import Tensors
import Training

/// `dr2net info`: what a measurement depends on.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show versions, instruction level, OpenBLAS kernel, threads and memory.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let facts = Facts()
        try console.result(facts) { facts.text }
    }

    /// What is printed.
    private struct Facts: Encodable {
        var version = Version.number
        var build = Version.build
        var swift = Version.swift
        var system = ProcessInfo.processInfo.operatingSystemVersionString
        var architecture = Version.architecture
        var instructionLevel = Kernels.level.name
        var availableLevels = InstructionLevel.available.map(\.name)
        var blasKernel = BLAS.kernelName
        var blasConfiguration = BLAS.configuration.trimmingCharacters(in: .whitespaces)
        var blasPinnedTo = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
        var threads = Parallel.threadCount
        var cores = ProcessInfo.processInfo.activeProcessorCount
        var memoryBytes = SystemMemory.total
        var memoryAvailableBytes = SystemMemory.available
        var residentBytes = ResidentMemory.current
        var ffmpeg = MediaLibrary.version

        var text: String {
            var table = TextTable()
            table.append(["dr2net", "\(version), \(build) build, Swift \(swift)"])
            table.append(["system", "\(system), \(architecture)"])
            let levels = availableLevels.joined(separator: ", ")
            table.append(["kernels", "\(instructionLevel) (available: \(levels))"])
            let pin =
                blasPinnedTo.map { "pinned by OPENBLAS_CORETYPE=\($0)" } ?? "its own choice"
            table.append(["OpenBLAS", "\(blasKernel), \(pin)"])
            table.append(["", blasConfiguration])
            table.append(["threads", "\(threads) of \(cores) cores"])
            let available = memoryAvailableBytes.map { ", \(ByteSize.text($0)) available" }
            table.append(["memory", ByteSize.text(memoryBytes) + (available ?? "")])
            table.append(["FFmpeg", ffmpeg])
            return table.text
        }
    }
}

/// The machine's memory.
private enum SystemMemory {
    /// Bytes of RAM.
    static var total: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

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
