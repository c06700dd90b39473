// SPDX-License-Identifier: Apache-2.0
package import Files
package import Training

/// The recipe's `head` section of a VSGN head and its self-stitching.
package struct VSGNSettings: Sendable {
    /// The head's sizes but for those of its input.
    private var base = VSGNConfiguration(inputWidth: 1, classCount: 1)
    private var classThreshold: Double?
    /// Whether short clips are stitched to a magnified copy of themselves.
    package var stitches: Bool
    /// Positions between the two copies.
    let stitchingGap: Int
    /// Clips up to this part of the window are short.
    let stitchingRatio: Double

    /// Reads and checks the keys; the defaults suit segments of a few positions.
    package init(_ reader: RecipeReader) throws(InputError) {
        base.form = try reader.value("form", default: VSGNForm.dr2net)
        base.channels = try reader.value("channels", default: 256, in: 32...4096)
        guard base.channels % 32 == 0 else {
            throw reader.error("channels", "is \(base.channels); expected a multiple of 32")
        }
        base.levels = try reader.value("levels", default: 5, in: 1...12)
        base.stemStride = try reader.value("stemStride", default: 1, in: 1...2)
        base.anchorScales = try reader.value("anchorScales", default: [1, 1.5], in: 0.01...1000)
        base.neighbours = try reader.value("neighbours", default: 12, in: 0...256)
        // The nearest half lies anywhere; the rest, the larger half of an odd count, is limited.
        base.crossScaleNeighbours = max(
            0, min(base.neighbours - 1, base.neighbours - base.neighbours / 2))
        base.towerDepth = try reader.value("towerDepth", default: 4, in: 0...16)
        base.matchThreshold = try reader.value("matchThreshold", default: 0.5, in: 0.01...1)
        base.boundaryThreshold = try reader.value("boundaryThreshold", default: 0.7, in: 0.01...1)
        base.boundaryRadius = try reader.value("boundaryRadius", default: 1.5, in: 0.1...1000)
        base.lengthOffset = try reader.value("countsBothEnds", default: false) ? 1 : 0
        let kind = try reader.choice(
            "classification", default: "softmax", among: ["softmax", "sigmoid"])
        if kind == "sigmoid" {
            base.classification = .sigmoid(
                alpha: try reader.value("focalAlpha", default: 0.25, in: 0.01...1), gamma: 2)
        }
        base.lossWeights.supplementary = try reader.value(
            "supplementaryWeight", default: 0.2, in: 0...100)
        classThreshold = try reader.optionalNumber("classThreshold", in: 0...1)
        let stitching = try reader.section("stitching")
        stitches = try stitching.value("enabled", default: false)
        stitchingGap = try stitching.value("gap", default: 3, in: 0...10_000)
        stitchingRatio = try stitching.value("shortRatio", default: 0.4, in: 0...0.49)
    }

    /// The head's configuration for an input.
    package func configuration(_ input: HeadInput) -> VSGNConfiguration {
        var result = base
        result.inputWidth = input.width
        result.classCount = input.classCount
        result.scoreThreshold = classThreshold ?? input.scoreThreshold
        return result
    }
}
