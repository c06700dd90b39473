// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Console
import Files
import Media
import Tensors

/// `dr2net clip`: the frames that a model would see.
struct ClipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clip",
        abstract: "Decode a clip of a video into a .npy array.",
        discussion: """
            The array is [3, T, H, W], float32, 0 to 255. Frames are chosen by time: frame i is \
            the one shown at START + i * STRIDE / rate, with the video's average rate.
            """)

    @Argument(help: "A video file.", completion: .file())
    var video: String

    @Option(help: "Seconds from the first frame.")
    var start = 0.0

    @Option(help: "Frames of the clip.")
    var frames: Int

    @Option(help: "Distance of two frames of the clip, in frames of the video's average rate.")
    var stride = 1.0

    @Option(help: "Side of the square frames in pixels.")
    var size = 224

    @Option(help: "How frames get that size: crop (short side, then the centre) or stretch.")
    var resize = SquareResize.crop

    @Option(help: "Where the array goes (.npy).", completion: .file(extensions: ["npy"]))
    var output: String

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard start.isFinite, start >= 0 else {
            throw ValidationError("--start \(start): expected seconds, 0 or more")
        }
        guard (1...65536).contains(frames) else {
            throw ValidationError("--frames \(frames): expected 1 to 65536")
        }
        guard stride.isFinite, stride > 0, stride <= 1e6 else {
            throw ValidationError("--stride \(stride): expected more than 0 frames")
        }
        guard (1...8192).contains(size) else {
            throw ValidationError("--size \(size): expected 1 to 8192 pixels")
        }
        guard frames * size * size * 3 <= 1 << 31 else {
            throw ValidationError(
                "\(frames) frames of \(size) x \(size) pixels: expected at most 2^31 numbers; ask "
                    + "for fewer or smaller frames")
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, inputs: [video])
        let reader = try VideoReader(
            path: video, resize: resize.mode(size: size), threads: common.threads ?? 1)
        guard let rate = reader.info.averageFrameRate else {
            throw InputError(
                "\(video): the container gives no frame rate, expected one to turn --stride into "
                    + "seconds; convert it with ffmpeg to MP4")
        }
        let clip = try reader.frames(at: (0..<frames).map { start + Double($0) * stride / rate })
        if clip.paddedFrames > 0 {
            console.note("\(clip.paddedFrames) frames lie outside the video and repeat its edge")
        }
        if clip.warnings > 0 { console.note("\(clip.warnings) damaged packets or frames met") }
        let array = clip.tensor()
        try Npy.write(array, to: output)
        let result = Result(
            output: output, shape: array.shape, frameRate: rate, timestamps: clip.timestamps,
            paddedFrames: clip.paddedFrames, damagedFrames: clip.warnings)
        try console.result(result) {
            "\(output): \(array.shape), float32, from "
                + "\(NumberText.decimals(clip.timestamps.first ?? 0, 3)) s to "
                + "\(NumberText.decimals(clip.timestamps.last ?? 0, 3)) s at "
                + "\(NumberText.short(rate)) frames per second"
        }
    }

    /// What is printed.
    private struct Result: Encodable {
        let output: String
        let shape: [Int]
        let frameRate: Double
        let timestamps: [Double]
        let paddedFrames: Int
        let damagedFrames: Int
    }
}

/// How a frame becomes a square.
enum SquareResize: String, ExpressibleByArgument, CaseIterable {
    /// The short side is scaled to the size, then the centre cut out.
    case crop
    /// Both sides are scaled to the size.
    case stretch

    func mode(size: Int) -> ResizeMode {
        switch self {
        case .crop: .shortSideThenCentreCrop(side: size, crop: size)
        case .stretch: .exact(width: size, height: size)
        }
    }
}
