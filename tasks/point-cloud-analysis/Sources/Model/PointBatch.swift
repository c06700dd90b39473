// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Some samples as the network takes them.
struct PointBatch {
    /// `[B * N, F]`.
    let features: Tensor
    /// Levels and neighbours.
    let pyramid: PointPyramid
    /// The class of each row of the logits, -1 where it doesn't count: points that repeat others
    /// count once.
    let labels: [Int32]

    /// Samples of a dry run.
    init(placeholder samples: Int, points: Int, _ settings: PointNetworkSettings) {
        features = Tensor(placeholder: [samples * points, settings.inputs])
        pyramid = PointPyramid(
            placeholder: samples, points: points, levels: settings.stages,
            neighbours: settings.neighbours)
        labels = [Int32](
            repeating: 0, count: settings.isSegmentation ? samples * points : samples)
    }

    init(_ samples: [PointSample], _ network: PointNetwork) {
        features = Tensor.joiningRows(samples.map(\.features))
        pyramid = network.pyramid(samples.map(\.positions))
        let segments = network.settings.isSegmentation
        labels = samples.flatMap { sample in
            guard segments else { return [sample.labels[0]] }
            return zip(sample.labels, sample.mask).map { $1 ? $0 : PointClasses.ignored }
        }
    }
}
