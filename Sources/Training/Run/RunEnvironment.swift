// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Tensors

/// What a run's measurements depend on beside its recipe: program, machine, libraries, threads.
package struct RunEnvironment: Codable, Sendable, Equatable {
    /// The version of dr2net.
    package var version: String
    /// The commit that it was built from; nil where the build was not told, and in runs before 0.2.0.
    package var commit: String?
    /// `release` or `debug`.
    package var build: String
    /// The compiler that built it.
    package var swift: String
    /// The operating system.
    package var system: String
    /// The processor architecture that it was built for.
    package var architecture: String
    /// The instruction level that the kernels run at.
    package var instructionLevel: String
    /// The instruction levels that the processor has.
    package var availableLevels: [String]
    /// The kernel that OpenBLAS runs.
    package var blasKernel: String
    /// OpenBLAS's own description.
    package var blasConfiguration: String
    /// What `OPENBLAS_CORETYPE` says, if set.
    package var blasPinnedTo: String?
    /// Threads in use.
    package var threads: Int
    /// Cores of the machine.
    package var cores: Int
    /// Bytes of RAM.
    package var memoryBytes: Int

    /// The name of the file in a run folder.
    package static let fileName = "environment.json"

    /// This process.
    package static var current: RunEnvironment {
        RunEnvironment(
            version: Version.number, commit: Version.commit, build: Version.build,
            swift: Version.swift,
            system: ProcessInfo.processInfo.operatingSystemVersionString,
            architecture: Version.architecture, instructionLevel: Kernels.level.name,
            availableLevels: InstructionLevel.available.map(\.name), blasKernel: BLAS.kernelName,
            blasConfiguration: BLAS.configuration.trimmingCharacters(in: .whitespaces),
            blasPinnedTo: ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"],
            threads: Parallel.threadCount, cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory))
    }

    /// The facts for people, a row each.
    package var rows: [[String]] {
        let pin = blasPinnedTo.map { "pinned by OPENBLAS_CORETYPE=\($0)" } ?? "its own choice"
        let levels = availableLevels.joined(separator: ", ")
        return [
            ["dr2net", "\(Version.text(version, commit)), \(build) build, Swift \(swift)"],
            ["system", "\(system), \(architecture)"],
            ["kernels", "\(instructionLevel) (available: \(levels))"],
            ["OpenBLAS", "\(blasKernel), \(pin)"],
            ["", blasConfiguration],
            ["threads", "\(threads) of \(cores) cores"],
        ]
    }

    /// Writes `environment.json` of a run folder.
    func write(_ folder: String) throws {
        try JSONFile.write(self, to: "\(folder)/\(RunEnvironment.fileName)")
    }
}
