// SPDX-License-Identifier: Apache-2.0
import Backbones
import Files
import Recipes
package import Training

/// The recipe's `backbone` section: the network, and how it sees the frames of a window.
package struct EncoderRecipe: Sendable {
    /// How a frame's tokens become one vector.
    package enum Pooling: String, CaseIterable, Sendable {
        /// The mean over patches.
        case mean
        /// The class token.
        case classToken
        /// Both, side by side.
        case both
    }

    /// The network and its weights.
    package var network: BackboneRecipe
    /// How the tokens of a frame, or of a time step of a clip, become one vector.
    package var pooling: Pooling
    /// Frames that the network sees at once; 1 for networks of images.
    package var clipFrames: Int

    /// Reads and checks the keys; sets how many frames a position of `data` stands for.
    init(_ section: RecipeReader, data: inout TemporalRecipe.Data) throws(InputError) {
        network = try BackboneRecipe(section, default: "dinov2-small-14")
        let entry = network.entry, size = data.size
        let fallback: Pooling = entry.hasClassToken || !entry.input.isClip ? .both : .mean
        pooling = try section.value("pooling", default: fallback)
        if !entry.hasClassToken, pooling != .mean {
            throw section.error(
                "pooling",
                "is \(pooling.rawValue), but \(entry.name) has no class token; set pooling: mean")
        }
        clipFrames = 1
        var shape = [1, 3, size, size]
        if entry.input.isClip {
            // What VideoMAE's positions are made for, and the clips Video Swin was trained on.
            let usual = entry.input.frameMultiple > 1 ? 16 : 32
            clipFrames = try section.value("clipFrames", default: usual, in: 2...100_000)
            let group = try section.value("framesPerPosition", default: 1, in: 1...1000)
            guard clipFrames % 2 == 0 else {
                throw section.error(
                    "clipFrames", "is \(clipFrames); expected an even number: a time step has two")
            }
            guard clipFrames % group == 0, data.windowFrames % group == 0 else {
                throw section.error(
                    "framesPerPosition",
                    "is \(group); expected a divisor of clipFrames (\(clipFrames)) and of "
                        + "data.windowFrames (\(data.windowFrames))")
            }
            data.framesPerPosition = group
            shape.insert(clipFrames, at: 2)
        }
        guard entry.input.accepts(shape) else {
            let clip = entry.input.isClip ? " and clipFrames \(clipFrames)" : ""
            throw InputError(
                "\(section.name): data.size is \(size)\(clip); \(entry.name) takes "
                    + entry.input.text)
        }
    }
}
