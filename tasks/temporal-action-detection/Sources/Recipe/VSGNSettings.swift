// SPDX-License-Identifier: Apache-2.0
package import Files
package import Tensors
package import Training

/// The recipe's `head` section of a VSGN head and its self-stitching.
package struct VSGNSettings: HeadSettings {
    package static let suppression = SuppressionDefaults(
        minimumScore: 0.005, softSigma: 0.46, hardThreshold: 0.8)

    private var form: VSGNForm
    private var channels: Int
    private var levels: Int
    private var stemStride: Int
    private var anchorScales: [Double]
    private var neighbours: Int
    private var towerDepth: Int
    private var matchThreshold: Double
    private var boundaryThreshold: Double
    private var boundaryRadius: Double
    private var countsBothEnds: Bool
    private var usesSigmoid: Bool
    private var focalAlpha: Double
    private var supplementaryWeight: Double
    private var classThreshold: Double?
    /// Whether short clips are stitched to a magnified copy of themselves.
    package var stitches: Bool
    private var stitchingGap: Int
    private var stitchingRatio: Double

    /// Reads and checks the keys; the defaults suit segments of a few positions.
    package init(_ reader: RecipeReader) throws(InputError) {
        let whose = try reader.choice(
            "form", default: VSGNForm.dr2net.rawValue, among: VSGNForm.allCases.map(\.rawValue))
        form = VSGNForm(rawValue: whose) ?? .dr2net
        channels = try reader.value("channels", default: 256, in: 32...4096)
        guard channels % 32 == 0 else {
            throw reader.error("channels", "is \(channels); expected a multiple of 32")
        }
        levels = try reader.value("levels", default: 5, in: 1...12)
        stemStride = try reader.value("stemStride", default: 1, in: 1...2)
        anchorScales = try reader.value("anchorScales", default: [1, 1.5], in: 0.01...1000)
        neighbours = try reader.value("neighbours", default: 12, in: 0...256)
        towerDepth = try reader.value("towerDepth", default: 4, in: 0...16)
        matchThreshold = try reader.value("matchThreshold", default: 0.5, in: 0.01...1)
        boundaryThreshold = try reader.value("boundaryThreshold", default: 0.7, in: 0.01...1)
        boundaryRadius = try reader.value("boundaryRadius", default: 1.5, in: 0.1...1000)
        countsBothEnds = try reader.value("countsBothEnds", default: false)
        let kind = try reader.choice(
            "classification", default: "softmax", among: ["softmax", "sigmoid"])
        usesSigmoid = kind == "sigmoid"
        focalAlpha =
            try usesSigmoid ? reader.value("focalAlpha", default: 0.25, in: 0.01...1) : 0.25
        supplementaryWeight = try reader.value("supplementaryWeight", default: 0.2, in: 0...100)
        classThreshold = try reader.optionalNumber("classThreshold", in: 0...1)
        let stitching = try reader.section("stitching")
        stitches = try stitching.value("enabled", default: false)
        stitchingGap = try stitching.value("gap", default: 3, in: 0...10_000)
        stitchingRatio = try stitching.value("shortRatio", default: 0.4, in: 0...0.49)
    }

    /// The head's configuration for an input.
    package func configuration(_ input: HeadInput) -> VSGNConfiguration {
        var result = VSGNConfiguration(inputWidth: input.width, classCount: input.classCount)
        result.channels = channels
        result.levels = levels
        result.stemStride = stemStride
        result.anchorScales = anchorScales
        result.neighbours = neighbours
        // The nearest half lies anywhere; the rest, the larger half of an odd count, is limited.
        result.crossScaleNeighbours = max(0, min(neighbours - 1, neighbours - neighbours / 2))
        result.form = form
        result.towerDepth = towerDepth
        result.matchThreshold = matchThreshold
        result.boundaryThreshold = boundaryThreshold
        result.boundaryRadius = boundaryRadius
        result.lengthOffset = countsBothEnds ? 1 : 0
        result.classification = usesSigmoid ? .sigmoid(alpha: focalAlpha, gamma: 2) : .softmax
        result.lossWeights.supplementary = supplementaryWeight
        result.scoreThreshold = classThreshold ?? input.scoreThreshold
        return result
    }

    package func head(_ input: HeadInput, key: RandomKey) -> any DetectionHead {
        VSGNHead(configuration(input), key: key)
    }

    /// The stitching of windows of `length` positions; without it no clip counts as short.
    package func stitching(length: Int) -> SelfStitching {
        SelfStitching(
            windowLength: length, gap: stitchingGap, shortRatio: stitches ? stitchingRatio : 0)
    }
}
