// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Optimizers
import Regions
import SmallObjectDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("FCOS learns") struct ModelLearningTests {
    private let targets = [
        [
            Item(Box(x1: 8, y1: 9, x2: 24, y2: 20), label: 0),
            Item(Box(x1: 35, y1: 30, x2: 60, y2: 57), label: 1),
        ],
        [
            Item(Box(x1: 20, y1: 4, x2: 50, y2: 26), label: 1),
            Item(Box(x1: 6, y1: 41, x2: 18, y2: 58), label: 0),
        ],
    ]

    /// Noise, with a class's pattern added inside each planted box: 64 by 64 pixels.
    private func level(_ side: Int) -> Tensor {
        let stride = 64 / Double(side)
        var values = Tensor(
            normal: [2 * side * side * 6], standardDeviation: 0.3,
            key: RandomKey(seed: 20).child(side)
        ).doubles
        for (sample, objects) in targets.enumerated() {
            for cell in 0..<side * side {
                let x = (Double(cell % side) + 0.5) * stride
                let y = (Double(cell / side) + 0.5) * stride
                for object in objects where object.place.contains(x: x, y: y) {
                    let first = (sample * side * side + cell) * 6 + object.label * 3
                    for index in first..<first + 3 { values[index] += 1.5 }
                }
            }
        }
        return Tensor(values, shape: [2, side, side, 6], dtype: .float32)
    }

    @Test(arguments: [FCOSConfiguration.Distance.rectified, .exponential])
    func plantedBoxesAreRecovered(_ distance: FCOSConfiguration.Distance) {
        let key = RandomKey(seed: 21)
        let pyramid = LateralPyramid(inputWidths: [6, 6], channels: 16, furtherLevels: 0, key: key)
        var configuration = FCOSConfiguration(classCount: 2, levelCount: 2)
        configuration.channels = 16
        configuration.towerDepth = 2
        configuration.normalizationGroups = 4
        configuration.distance = distance
        let head = FCOSHead(configuration, key: key.child("head"))
        let maps = [
            PyramidLevel(values: Variable(level(16)), stride: 4),
            PyramidLevel(values: Variable(level(8)), stride: 8),
        ]
        let optimizer = ModelAdam(
            (pyramid.namedParameters + head.namedParameters).map(\.parameter))
        var first = 0.0, last = 0.0
        for step in 0..<150 {
            let context = Context(tape: Tape())
            let losses = head.losses(
                head(pyramid(maps, context), context), targets: targets,
                assigner: RangeAssigner(), context)
            context.tape?.backward(from: losses.total)
            optimizer.update(rate: 0.01)
            last = losses.total.tensor.item
            if step == 0 { first = last }
        }
        #expect(last < 0.6 * first, "\(first) to \(last)")
        let output = head(pyramid(maps, .inference), .inference)
        let found = head.detections(output, sizes: [(64, 64), (64, 64)])
            .map(BoxSuppression(threshold: 0.6).callAsFunction)
        for (sample, objects) in targets.enumerated() {
            for object in objects {
                let match = found[sample].prefix(3).first {
                    $0.label == object.label && $0.place.intersectionOverUnion(object.place) > 0.7
                }
                #expect(match != nil, "\(object) not in \(found[sample].prefix(4))")
            }
        }
    }
}
