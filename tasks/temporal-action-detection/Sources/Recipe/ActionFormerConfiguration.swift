// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// The sizes and thresholds of an ActionFormer head; the defaults are the published THUMOS14 ones.
package struct ActionFormerConfiguration: Sendable {
    /// D, the width of the input features.
    package var inputWidth: Int
    /// Classes without background.
    package var classCount: Int
    /// Channels of every layer.
    package var channels = 512
    /// Heads of each attention.
    package var heads = 4
    /// Convolutions before the first block.
    package var projections = 2
    /// Blocks at the finest level.
    package var stemBlocks = 2
    /// Tokens that a token attends to at each level, itself included, finest first; 1 or less: all.
    package var windows = [19, 19, 19, 19, 19, 19]
    /// The number of positions that the table of sines is made for; nil: no positions are added.
    package var positions: Int?
    /// Drop-path rate of both branches of every block; 0 also leaves their learned scales out.
    package var dropPathRate = 0.1
    /// Convolutions of the class and of the segment tower, the last one included.
    package var towerDepth = 3
    /// Reach of the centre sampling in strides; nil: a point may be anywhere in its action.
    package var centreRadius: Double? = 1.5
    /// The farther one of an action's ends that the points of each level find, in positions: from
    /// one bound to the next.
    package var rangeBounds = [0.0, 4, 8, 16, 32, 64, 10_000]
    /// The share of a class's target that goes to all classes and background.
    package var labelSmoothing = 0.0
    /// The weight of the segment loss.
    package var regressionWeight = 1.0
    /// The number of positive points that the moving loss normaliser begins with.
    package var initialNormalizer = 100.0
    /// The class probability above which a point is reported.
    package var scoreThreshold = 0.001
    /// The most candidates of a level.
    package var candidatesPerLevel = 2000
    /// The length in positions that a candidate must exceed.
    package var minimumLength = 0.05
    /// Whether positions are added, as many as a window of the input has.
    private var addsPositions = false

    /// The published head for features of one width and a number of classes.
    package init(inputWidth: Int, classCount: Int) {
        self.inputWidth = inputWidth
        self.classCount = classCount
    }

    /// Reads and checks the recipe's `head` section.
    init(_ reader: RecipeReader) throws(InputError) {
        self.init(inputWidth: 1, classCount: 1)
        heads = try reader.value("heads", default: 4, in: 1...64)
        channels = try reader.value("channels", default: 512, in: 4...4096)
        guard channels % heads == 0 else {
            throw reader.error(
                "channels", "is \(channels); expected a multiple of heads (\(heads))")
        }
        projections = try reader.value("projections", default: 2, in: 1...8)
        stemBlocks = try reader.value("stemBlocks", default: 2, in: 0...16)
        let windows = try reader.value(
            "windows", default: [19, 19, 19, 19, 19, 19], in: -1...100_000)
        guard windows.count <= 16, windows.allSatisfy({ $0 == $0.rounded() }) else {
            throw reader.error(
                "windows",
                "is \(windows); expected up to 16 whole numbers, one a level: the tokens that a "
                    + "token attends to, or -1 for all")
        }
        self.windows = windows.map { Int($0) }
        let inner = (0..<windows.count - 1).map { Double(4 << $0) }
        rangeBounds = try reader.value(
            "rangeBounds", default: [0] + inner + [10_000], in: 0...1e9, count: windows.count + 1)
        guard rangeBounds == rangeBounds.sorted() else {
            throw reader.error("rangeBounds", "is \(rangeBounds); expected rising numbers")
        }
        addsPositions = try reader.value("positions", default: false)
        dropPathRate = try reader.value("dropPath", default: 0.1, in: 0...0.9)
        towerDepth = try reader.value("towerDepth", default: 3, in: 1...16)
        let radius = try reader.value("centreRadius", default: 1.5, in: 0...1000)
        centreRadius = radius > 0 ? radius : nil
        labelSmoothing = try reader.value("labelSmoothing", default: 0.0, in: 0...0.9)
        regressionWeight = try reader.value("regressionWeight", default: 1.0, in: 0...100)
        initialNormalizer = try reader.value("initialNormalizer", default: 100.0, in: 1...1e9)
        candidatesPerLevel = try reader.value(
            "candidatesPerLevel", default: 2000, in: 1...10_000_000)
        minimumLength = try reader.value("minimumLength", default: 0.05, in: 0...1e6)
    }

    /// The same head for an input.
    package func with(_ input: HeadInput) -> ActionFormerConfiguration {
        var result = self
        result.inputWidth = input.width
        result.classCount = input.classCount
        result.scoreThreshold = input.scoreThreshold
        result.positions = addsPositions ? input.windowLength : nil
        return result
    }

    /// Levels of the pyramid.
    package var levels: Int { windows.count }
    /// Input positions between two points of the coarsest level.
    package var largestStride: Int { 1 << (levels - 1) }

    func check() {
        precondition(
            inputWidth > 0 && classCount > 0 && heads > 0 && channels % heads == 0
                && projections > 0 && stemBlocks >= 0 && levels > 0 && towerDepth > 0
                && rangeBounds.count == levels + 1 && initialNormalizer > 0
                && rangeBounds == rangeBounds.sorted() && (positions ?? 1) > 0,
            "ActionFormer: \(self)")
    }
}
