// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Backbones
package import Media
package import Reversible
package import Tensors
package import Training

/// Turns the frames of a video into one vector a position, with any backbone.
///
/// Networks of images see frame by frame. Networks of clips see runs of a fixed number of frames,
/// the last frame of a video repeated where a run is not full; their vectors, the mean over space
/// of each time step, are resampled linearly to the positions of the head, run by run.
package struct FrameEncoder {
    /// The network with what is known of its weights.
    package let network: PretrainedBackbone
    /// From the bytes of a frame to the network's input.
    package let pixelTables: PixelTables
    private let pooling: EncoderRecipe.Pooling
    private let clipFrames: Int
    /// Frames that one position stands for.
    package let framesPerPosition: Int

    /// The encoder of a recipe.
    ///
    /// - Parameter loadsWeights: False where a checkpoint of a run follows.
    package init(
        _ recipe: EncoderRecipe, framesPerPosition: Int, key: RandomKey, loadsWeights: Bool = true
    ) throws {
        self.init(
            try recipe.network.load(key: key, loadsWeights: loadsWeights), pooling: recipe.pooling,
            clipFrames: recipe.clipFrames, framesPerPosition: framesPerPosition,
            pixels: recipe.network.entry.normalization)
    }

    /// An encoder with a network.
    package init(
        _ network: PretrainedBackbone, pooling: EncoderRecipe.Pooling, clipFrames: Int,
        framesPerPosition: Int, pixels: PixelStatistics
    ) {
        self.network = network
        self.pooling = pooling
        self.clipFrames = clipFrames
        self.framesPerPosition = framesPerPosition
        pixelTables = PixelTables(mean: pixels.mean, deviation: pixels.deviation)
    }

    private var backbone: any Backbone { network.backbone }
    private var isClip: Bool { backbone.input.isClip }

    /// Channels of a position.
    package var width: Int { backbone.featureWidth * (pooling == .both ? 2 : 1) }

    /// Positions of so many frames.
    package func positions(_ frames: Int) -> Int {
        (frames + framesPerPosition - 1) / framesPerPosition
    }

    /// The network's input for windows of so many frames each.
    package func inputShape(windows: Int, frames: Int, size: Int) -> [Int] {
        isClip
            ? [windows * clips(frames), 3, clipFrames, size, size]
            : [windows * frames, 3, size, size]
    }

    private func clips(_ frames: Int) -> Int { (frames + clipFrames - 1) / clipFrames }

    /// The network's input for a run of frames.
    ///
    /// - Parameter load: The normalised pixels of some of the frames, the last one perhaps
    ///   repeated, in a layout.
    /// - Returns: `[frames, 3, H, W]` or `[clips, 3, T, H, W]`.
    package func input<E: Error>(
        _ frames: [Int], load: ([Int], ClipLayout) throws(E) -> Tensor
    ) throws(E) -> Tensor {
        guard isClip, let last = frames.last else { return try load(frames, .framesFirst) }
        var parts: [Tensor] = []
        for first in stride(from: 0, to: frames.count, by: clipFrames) {
            let own = frames[first..<min(frames.count, first + clipFrames)]
            let padding = [Int](repeating: last, count: clipFrames - own.count)
            let clip = try load(own + padding, .channelsFirst)
            parts.append(clip.reshaped(to: [1] + clip.shape))
        }
        return .joiningRows(parts)
    }

    /// A vector for each frame, or each time step, of an input.
    ///
    /// - Returns: `[steps, D]`.
    package func vectors(
        _ input: Tensor, _ context: Context
    ) throws(ReversibleError) -> Variable {
        let features = try backbone.features(Variable(input), context)
        let count = input.shape[0], width = backbone.featureWidth
        if isClip {
            // Clips of a Swin keep their grid; the tokens of a ViT come time step by time step.
            let steps =
                features.shape.count == 5
                ? features.shape[1] : clipFrames / backbone.input.frameMultiple
            return features.reshaped(to: [count * steps, -1, width]).tokenMean()
        }
        let tokens = features.reshaped(to: [count, -1, width])
        let patches = { [leading = backbone.leadingTokens] in
            tokens.tokenSlice(leading..<tokens.shape[1]).tokenMean()
        }
        let first = { tokens.tokenSlice(0..<1).reshaped(to: [count, width]) }
        switch pooling {
        case .mean: return patches()
        case .classToken: return first()
        case .both: return .concatenated([first(), patches()], axis: 1)
        }
    }

    /// The positions of a run of frames from its vectors.
    ///
    /// - Parameters:
    ///   - vectors: `[steps, D]`, those of its clips.
    ///   - frames: Frames of the run.
    /// - Returns: `[positions, D]`.
    package func positions(_ vectors: Variable, frames: Int) -> Variable {
        guard isClip else { return vectors }
        let width = vectors.shape[1], count = clips(frames)
        let own = clipFrames / framesPerPosition
        let clips = vectors.reshaped(to: [count, -1, width])
        let resampled = clips.shape[1] == own ? clips : clips.interpolated(to: own, .linear)
        return resampled.reshaped(to: [count * own, width]).slice(0..<positions(frames), axis: 0)
    }

    /// The positions of several runs whose inputs stand one behind the other.
    ///
    /// - Parameter frames: Frames of each run.
    /// - Returns: `[positions, D]` each.
    package func encode(
        _ inputs: [Tensor], frames: [Int], _ context: Context
    ) throws(ReversibleError) -> [Variable] {
        let all = try vectors(.joiningRows(inputs), context)
        let steps = all.shape[0] / inputs.reduce(0) { $0 + $1.shape[0] }
        var first = 0
        return zip(inputs, frames).map { input, count in
            let own = first..<first + input.shape[0] * steps
            first = own.upperBound
            return positions(all.slice(own, axis: 0), frames: count)
        }
    }

    /// The positions of a whole video without a tape.
    ///
    /// - Parameters:
    ///   - count: Frames of the video.
    ///   - context: How the network's stages are run.
    ///   - report: Told of every few frames that are done.
    ///   - input: Gives the network's input for a range of ``ranges(_:)``, in order.
    /// - Returns: `[positions, D]`.
    package func encode(
        count: Int, _ context: Context, report: (_ frames: Int) -> Void = { _ in },
        input: (Range<Int>) throws -> Tensor
    ) throws -> Tensor {
        var parts: [Tensor] = []
        try forEachPositions(count: count, context, report: report, input: input) {
            parts.append($0)
        }
        return .joiningRows(parts)
    }

    /// Gives the positions of a whole video a few at a time, `[n, D]`, and keeps none.
    func forEachPositions(
        count: Int, _ context: Context, report: (_ frames: Int) -> Void = { _ in },
        input: (Range<Int>) throws -> Tensor, _ body: (Tensor) throws -> Void
    ) throws {
        for range in ranges(count) {
            let found = try vectors(try input(range), context)
            try body(positions(found, frames: range.count).tensor)
            report(range.count)
        }
    }

    /// The frames that `encode` asks for at a time, in order.
    package func ranges(_ count: Int) -> InferenceRanges {
        InferenceRanges(count: count, step: isClip ? clipFrames : 16)
    }
}

/// The frames of each step of an inference, in order.
package struct InferenceRanges: Sequence, IteratorProtocol, Sendable {
    private let count: Int
    private let step: Int
    private var first = 0

    /// The steps of `step` frames through `count` frames.
    init(count: Int, step: Int) {
        self.count = count
        self.step = step
    }

    /// The next frames; nil after the last.
    package mutating func next() -> Range<Int>? {
        guard first < count else { return nil }
        let range = first..<Swift.min(count, first + step)
        first = range.upperBound
        return range
    }
}
