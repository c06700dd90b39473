// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Testing

/// A folder of clips made once by the `ffmpeg` program, gone with the process's temporary files.
enum MediaFixtures {
    static let ffmpeg = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Whether clips can be made; says so once where they cannot.
    static let canMakeClips: Bool = {
        if ffmpeg == nil { print("skipped: no ffmpeg program to make test clips (apt: ffmpeg)") }
        return ffmpeg != nil
    }()

    static let folder: URL = {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "dr2net-media-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: MediaFixtures.folder) }
        return url
    }()

    private static let lock = NSLock()

    /// The file `name`, made by these arguments of ffmpeg if it is not there yet.
    static func make(_ name: String, _ arguments: [String]) throws -> String {
        lock.lock()
        defer { lock.unlock() }
        let path = folder.appending(path: name).path
        if FileManager.default.fileExists(atPath: path) { return path }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(ffmpeg))
        process.arguments =
            ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"] + arguments + [path]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "ffmpeg \(arguments) failed")
        return path
    }

    static func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = folder.appending(path: name)
        try Data(bytes).write(to: url)
        return url.path
    }

    /// Frames whose grey level says their number: frame n has the luma 16 + 2 n all over, or only in
    /// the middle with noise beside it, so that frames take space in the file.
    static func counting(_ count: Int, noisy: Bool = false) -> [String] {
        let level = "16+2*mod(N\\,110)"
        let luma = noisy ? "if(gt(abs(X-W/2)\\,16)\\,60+random(1)*60\\,\(level))" : level
        return [
            "-f", "lavfi", "-i",
            "color=c=black:s=64x48:r=25,format=yuv420p,geq=lum='\(luma)':cb=128:cr=128",
            "-frames:v", "\(count)",
        ]
    }

    /// H.264 with a key frame every 12 frames and B-frames that refer to each other.
    static func counted() throws -> String {
        try make("counted.mp4", counting(100) + h264)
    }

    static let h264 = [
        "-c:v", "libx264", "-qp", "4", "-g", "12", "-bf", "3", "-x264-params",
        "b-pyramid=normal:scenecut=0",
    ]

    /// A moving picture, where a wrong reference frame shows in the pixels.
    static func moving() throws -> String {
        try make(
            "moving.mp4",
            ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4"]
                + ["-c:v", "libx264", "-g", "20", "-bf", "3", "-crf", "20", "-pix_fmt", "yuv420p"])
    }

    /// A few kilobytes, to be damaged in many ways.
    static func tiny() throws -> String {
        try make(
            "tiny.mp4",
            ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=2"]
                + ["-c:v", "libx264", "-g", "5", "-bf", "2", "-crf", "30", "-pix_fmt", "yuv420p"])
    }
}

extension Clip {
    /// Whether these are the pixels; as one answer, since listing the differences of films takes minutes.
    func shows(_ expected: some Sequence<UInt8>) -> Bool { pixels.elementsEqual(expected) }

    /// The frame number that the grey level in the middle of each frame says, undoing the limited range.
    var countedFrames: [Int] {
        (0..<frameCount).map { frame in
            let middle = ((frame * height + height / 2) * width + width / 2) * 3
            let luma = 16 + Double(pixels[middle + 1]) * 219 / 255
            return Int(((luma - 16) / 2).rounded())
        }
    }
}
