// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media

/// Decodes windows of a film one after the other and prints one JSON line;
/// `Benchmarks/decode_clips` reads it.
///
/// Arguments: film, JSON file of windows (lists of seconds), side of the square frames (0: as they
/// are), threads, and, where the pixels are wanted, a file for the RGB bytes of all windows.
@main struct Main {
    private struct Times: Encodable {
        var seconds: Double
        var frames: Int
        var libraries = MediaLibrary.version
    }

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard (4...5).contains(arguments.count), let side = Int(arguments[2]),
            let threads = Int(arguments[3])
        else {
            FileHandle.standardError.write(
                Data("usage: ClipTimes FILM WINDOWS.json SIDE THREADS [PIXELS]\n".utf8))
            exit(64)
        }
        let windows = try JSONDecoder().decode(
            [[Double]].self, from: Data(contentsOf: URL(fileURLWithPath: arguments[1])))
        var pixels: FileHandle?
        if arguments.count > 4 {
            _ = FileManager.default.createFile(atPath: arguments[4], contents: nil)
            pixels = FileHandle(forWritingAtPath: arguments[4])
        }
        // Opening the film is part of the work, as in the peers' runs.
        let clock = ContinuousClock()
        var times = Times(seconds: 0, frames: 0)
        times.seconds =
            try clock.measure {
                let reader = try VideoReader(
                    path: arguments[0],
                    resize: side > 0 ? .exact(width: side, height: side) : .original,
                    threads: threads)
                for window in windows {
                    let clip = try reader.frames(at: window)
                    times.frames += clip.frameCount
                    try pixels?.write(contentsOf: Data(clip.pixels))
                }
            } / .seconds(1)
        print(String(decoding: try JSONEncoder().encode(times), as: UTF8.self))
    }
}
