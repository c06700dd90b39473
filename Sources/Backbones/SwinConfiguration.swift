// SPDX-License-Identifier: Apache-2.0
package import Layers

/// The published sizes of a Swin transformer for images or clips.
package struct SwinConfiguration: Sendable, Hashable {
    /// Channels of the first stage; each further stage has twice as many.
    package var width: Int
    /// Blocks of each stage.
    package var depths: [Int]
    /// Attention heads of each stage.
    package var heads: [Int]
    /// Tokens of a window along each axis: two for images, three for clips.
    package var window: [Int]
    /// Size of a patch along each axis: `[4, 4]` for images, `[2, 4, 4]` for clips.
    package var patch: [Int]
    /// Hidden channels of the MLP over the width.
    package var mlpRatio = 4
    /// Epsilon of every layer norm.
    package var epsilon = 1e-5
    /// Drop path of the last block; earlier ones grow linearly from 0.
    package var dropPathRate = 0.0

    /// A configuration.
    package init(width: Int, depths: [Int], heads: [Int], window: [Int], patch: [Int]) {
        precondition(
            !depths.isEmpty && depths.count == heads.count && window.count == patch.count
                && (2...3).contains(window.count),
            "Swin: depths \(depths), heads \(heads), window \(window), patch \(patch)")
        self.width = width
        self.depths = depths
        self.heads = heads
        self.window = window
        self.patch = patch
    }

    /// torchvision's `swin_t`, `swin_s`, `swin_b`: images, windows of 7 x 7.
    package static func images(width: Int, depth: Int) -> SwinConfiguration {
        let heads = width / 32
        return .init(
            width: width, depths: [2, 2, depth, 2], heads: [1, 2, 4, 8].map { $0 * heads },
            window: [7, 7], patch: [4, 4])
    }

    /// torchvision's `swin3d_t`, `swin3d_s`, `swin3d_b`: clips, windows of 8 x 7 x 7.
    package static func clips(width: Int, depth: Int) -> SwinConfiguration {
        var configuration = images(width: width, depth: depth)
        configuration.window = [8, 7, 7]
        configuration.patch = [2, 4, 4]
        return configuration
    }

    /// Whether the input is clips.
    package var isVideo: Bool { window.count == 3 }
    /// Key names that its checkpoints may come with.
    package var families: [CheckpointFamily] {
        isVideo ? CheckpointFamily.videoSwinFamilies : CheckpointFamily.swinFamilies
    }
    /// What goes in: clips are padded, images need one patch.
    package var input: InputLayout {
        InputLayout(isClip: isVideo, minimum: isVideo ? 1 : patch[0])
    }
    /// What windows do where the grid is small.
    package var windowRule: WindowPartition.Rule { isVideo ? .shrinking : .padding }
    /// Channels of a stage.
    package func width(stage: Int) -> Int { width << stage }

    /// Tokens along each axis in the first stage: clips are padded to whole patches, of images
    /// the pixels beyond the last whole patch are left out.
    package func grid(_ input: [Int]) -> [Int] {
        zip(input.suffix(patch.count), patch).map { size, patch in
            isVideo ? (size + patch - 1) / patch : size / patch
        }
    }

    /// The tokens along each axis in every stage.
    package func grids(_ input: [Int]) -> [[Int]] {
        (1..<depths.count).reduce(into: [grid(input)]) { grids, _ in
            grids.append(PatchMerging.grid(grids[grids.count - 1]))
        }
    }

    /// Scalars in all parameters.
    package var parameterCount: Int {
        let table = window.reduce(1) { $0 * (2 * $1 - 1) }
        var count = 3 * patch.reduce(1, *) * width + 3 * width
        for (stage, depth) in depths.enumerated() {
            let c = width(stage: stage), hidden = mlpRatio * c
            let attention = 4 * c * c + 4 * c + table * heads[stage]
            count += depth * (attention + 2 * c * hidden + hidden + c + 4 * c)
            if stage + 1 < depths.count { count += 8 * c * c + 8 * c }
        }
        return count + 2 * width(stage: depths.count - 1)
    }
}
