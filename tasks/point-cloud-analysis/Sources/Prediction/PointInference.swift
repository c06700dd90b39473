// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// A trained network over whole scenes and shapes, without a tape.
package struct PointInference {
    private let network: PointNetwork
    private let data: PointDataRecipe
    private let context: Context

    /// Inference as the recipe's data says.
    ///
    /// - Parameters:
    ///   - data: Its sampling knows the intensities' range.
    ///   - context: Has no tape.
    package init(_ network: PointNetwork, _ data: PointDataRecipe, _ context: Context) {
        self.network = network
        self.data = data
        self.context = context
    }

    /// Logits of some samples: `[B * N, classes]`, or `[B, classes]` of shapes.
    package func logits(_ samples: [PointSample]) throws -> Tensor {
        let batch = PointBatch(samples, network)
        return try network.logits(Variable(batch.features), batch.pyramid, context).tensor
    }

    /// The class of each point of a scene: overlapping spheres, logits averaged.
    ///
    /// - Parameter report: Told the share of points that is done.
    package func labels(of scene: PointScene, report: (Double) -> Void) throws -> [Int32] {
        try coverage(of: scene, report: report).labels()
    }

    /// A scene covered with spheres, whose mean logits give classes and probabilities.
    ///
    /// - Parameter report: Told the share of points that is done.
    package func coverage(
        of scene: PointScene, report: (Double) -> Void
    ) throws -> SceneCoverage {
        var coverage = SceneCoverage(
            scene, sampling: data.sampling, classes: network.settings.classes,
            augmentation: data.augmentation)
        while let sample = coverage.next() {
            coverage.add(try logits([sample]), of: sample)
            report(coverage.share)
        }
        return coverage
    }
}

extension Tensor {
    /// The column of the largest number in each row of `[rows, columns]`, the first of equals.
    package func largestColumns() -> [Int32] {
        let columns = shape[1]
        return unsafe converted(to: .float32).withFloats { values in
            (0..<shape[0]).map { row in
                var best = 0
                for column in 1..<max(1, columns)
                where unsafe values[row * columns + column] > values[row * columns + best] {
                    best = column
                }
                return Int32(best)
            }
        }
    }
}
