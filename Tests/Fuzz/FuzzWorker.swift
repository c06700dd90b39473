// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import FuzzSupport
import Media
import PointCloudAnalysis
import SmallObjectDetection

/// Reads inputs one after the other and says before each which it is.
struct FuzzWorker {
    private static let secondsAnInput: UInt32 = 10
    private static let addressSpace: UInt = 2 << 30
    /// The longest message that is still one line for people.
    private static let longestMessage = 1 << 16

    let format: FuzzFormat
    let inputs: FuzzInputs
    /// The file that holds the number of the current input and how many were read, 8 bytes each.
    let progress: String

    func run(_ range: Range<Int>) throws {
        let descriptor = unsafe open(progress, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
        defer { close(descriptor) }
        var limit = rlimit()
        limit.rlim_cur = rlim_t(FuzzWorker.addressSpace)
        limit.rlim_max = limit.rlim_cur
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        var accepted = 0
        for index in range {
            note([index, accepted], descriptor)
            alarm(FuzzWorker.secondsAnInput)
            do {
                try read(inputs[index])
                accepted += 1
            } catch {
                let text = "\(error)"
                precondition(
                    !text.contains("\n") && text.utf8.count <= FuzzWorker.longestMessage,
                    "a message of \(text.utf8.count) bytes or of several lines")
            }
        }
        note([range.upperBound, accepted], descriptor)
    }

    private func read(_ bytes: [UInt8]) throws {
        switch format {
        case .pickle, .zip, .safetensors, .onnx, .npy:
            _ = try CheckpointFile.read(bytes: bytes, name: "input")
        case .las, .ply, .mesh:
            var reader = try PointFile.open(bytes: bytes, name: "input")
            while try reader.next(PointFile.blockSize) != nil {}
        case .coco: try AnnotationFuzz.readCOCO(bytes)
        case .voc: _ = try VOCAnnotation.parse(bytes, name: "input")
        case .image: try ImageBands(bytes: bytes, name: "input", memoryLimit: 1 << 28).check()
        }
    }

    private func note(_ numbers: [Int], _ descriptor: Int32) {
        _ = unsafe numbers.withUnsafeBytes {
            unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0)
        }
    }
}

/// One run of this program as a worker.
struct FuzzChild {
    /// Inputs that were read without an error.
    let accepted: Int
    /// The input at which the worker ended too early.
    let failed: Int?
    /// How it ended.
    let reason: String

    init(arguments: [String]) throws {
        let progress = FileManager.default.temporaryDirectory
            .appendingPathComponent("fuzz-files-\(UUID().uuidString)").path
        _ = FileManager.default.createFile(
            atPath: progress, contents: Data(repeating: 0, count: 16))
        defer { try? FileManager.default.removeItem(atPath: progress) }
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/exe"))
        process.arguments = arguments + ["--progress", progress]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let numbers = try unsafe Data(contentsOf: URL(fileURLWithPath: progress))
            .withUnsafeBytes { unsafe Array($0.bindMemory(to: Int.self)) }
        accepted = numbers[1]
        if process.terminationReason == .exit, process.terminationStatus == 0 {
            failed = nil
            reason = ""
        } else {
            failed = numbers[0]
            reason =
                process.terminationStatus == SIGALRM
                ? "took too long" : "ended the reader with \(process.terminationStatus)"
        }
    }
}
