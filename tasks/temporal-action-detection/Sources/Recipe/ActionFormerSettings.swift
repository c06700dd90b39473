// SPDX-License-Identifier: Apache-2.0
package import Files
package import Training

/// The recipe's `head` section of an ActionFormer; the defaults are the published THUMOS14 ones.
package struct ActionFormerSettings: Sendable {
    /// The head's sizes but for those of its input.
    private var base = ActionFormerConfiguration(inputWidth: 1, classCount: 1)
    private var addsPositions: Bool

    /// Reads and checks the keys.
    package init(_ reader: RecipeReader) throws(InputError) {
        base.heads = try reader.value("heads", default: 4, in: 1...64)
        base.channels = try reader.value("channels", default: 512, in: 4...4096)
        guard base.channels % base.heads == 0 else {
            throw reader.error(
                "channels", "is \(base.channels); expected a multiple of heads (\(base.heads))")
        }
        base.projections = try reader.value("projections", default: 2, in: 1...8)
        base.stemBlocks = try reader.value("stemBlocks", default: 2, in: 0...16)
        let windows = try reader.value(
            "windows", default: [19, 19, 19, 19, 19, 19], in: -1...100_000)
        guard windows.count <= 16, windows.allSatisfy({ $0 == $0.rounded() }) else {
            throw reader.error(
                "windows",
                "is \(windows); expected up to 16 whole numbers, one a level: the tokens that a "
                    + "token attends to, or -1 for all")
        }
        base.windows = windows.map { Int($0) }
        let inner = (0..<windows.count - 1).map { Double(4 << $0) }
        base.rangeBounds = try reader.value(
            "rangeBounds", default: [0] + inner + [10_000], in: 0...1e9, count: windows.count + 1)
        guard base.rangeBounds == base.rangeBounds.sorted() else {
            throw reader.error("rangeBounds", "is \(base.rangeBounds); expected rising numbers")
        }
        addsPositions = try reader.value("positions", default: false)
        base.dropPathRate = try reader.value("dropPath", default: 0.1, in: 0...0.9)
        base.towerDepth = try reader.value("towerDepth", default: 3, in: 1...16)
        let radius = try reader.value("centreRadius", default: 1.5, in: 0...1000)
        base.centreRadius = radius > 0 ? radius : nil
        base.labelSmoothing = try reader.value("labelSmoothing", default: 0.0, in: 0...0.9)
        base.regressionWeight = try reader.value("regressionWeight", default: 1.0, in: 0...100)
        base.initialNormalizer = try reader.value("initialNormalizer", default: 100.0, in: 1...1e9)
        base.candidatesPerLevel = try reader.value(
            "candidatesPerLevel", default: 2000, in: 1...10_000_000)
        base.minimumLength = try reader.value("minimumLength", default: 0.05, in: 0...1e6)
    }

    /// The head's configuration for an input.
    package func configuration(_ input: HeadInput) -> ActionFormerConfiguration {
        var result = base
        result.inputWidth = input.width
        result.classCount = input.classCount
        result.scoreThreshold = input.scoreThreshold
        result.positions = addsPositions ? input.windowLength : nil
        return result
    }
}
