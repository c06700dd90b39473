// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Optimizers
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("VSGN learns") struct VSGNLearningTests {
    private struct Window {
        let features: Tensor
        let targets: [Item<Segment>]
    }

    /// Noise, with a class's pattern added inside each planted action.
    private func windows() -> [Window] {
        let planted: [[(Double, Double, Int)]] = [
            [(4, 8, 0), (14, 26, 1)], [(2, 12, 1), (20, 24, 0)], [(9, 14, 0)],
        ]
        return planted.enumerated().map { index, actions in
            var values = Tensor(
                normal: [32 * 6], standardDeviation: 0.3, key: RandomKey(seed: 20).child(index)
            ).doubles
            for (start, end, label) in actions {
                for t in Int(start)..<Int(end) {
                    for c in 0..<3 { values[t * 6 + label * 3 + c] += 1.5 }
                }
            }
            return Window(
                features: Tensor(values, shape: [1, 32, 6], dtype: .float32),
                targets: actions.map {
                    Item(Segment(start: $0.0, end: $0.1), label: $0.2)
                })
        }
    }

    /// Adam with the usual constants.
    private final class Adam {
        private var moments: [(Tensor, Tensor)]
        private var step = 0
        private let parameters: [Parameter]

        init(_ parameters: [Parameter]) {
            self.parameters = parameters
            moments = parameters.map { (Tensor(zeros: $0.shape), Tensor(zeros: $0.shape)) }
        }

        func update(rate: Double) {
            step += 1
            let one = 1 - pow(0.9, step), two = 1 - pow(0.999, step)
            for (index, parameter) in parameters.enumerated() {
                guard let gradient = parameter.gradient else { continue }
                let m = Tensor.axpby(0.9, moments[index].0, 0.1, gradient)
                let v = Tensor.axpby(0.999, moments[index].1, 0.001, gradient * gradient)
                moments[index] = (m, v)
                let change = zip(m.floats, v.floats).map {
                    Float(rate) * ($0 / Float(one)) / (($1 / Float(two)).squareRoot() + 1e-8)
                }
                parameter.tensor.add(Tensor(change, shape: parameter.shape), scaledBy: -1)
                parameter.gradient = nil
            }
        }

        private func pow(_ base: Double, _ exponent: Int) -> Double {
            (0..<exponent).reduce(1) { value, _ in value * base }
        }
    }

    @Test(arguments: [VSGNClassification.softmax, .sigmoid(alpha: 0.25, gamma: 2)])
    func plantedSegmentsAreRecovered(_ classification: VSGNClassification) {
        var configuration = VSGNConfiguration(inputWidth: 6, classCount: 2)
        configuration.channels = 16
        configuration.levels = 3
        configuration.stemStride = 1
        configuration.neighbours = 6
        configuration.crossScaleNeighbours = 3
        configuration.towerDepth = 1
        configuration.normalizationGroups = 4
        configuration.lengthOffset = 0
        configuration.classification = classification
        let head = VSGNHead(configuration, key: RandomKey(seed: 21))
        let data = windows()
        let features = Tensor.concatenated(data.map(\.features), axis: 0)
        let layouts = data.map { _ in WindowLayout(validLength: 32) }
        let optimizer = Adam(head.namedParameters.map(\.parameter))
        var first = 0.0, last = 0.0
        for step in 0..<150 {
            let tape = Tape()
            let losses = head.losses(
                features: Variable(features), targets: data.map(\.targets), layouts: layouts,
                context: Context(tape: tape))
            tape.backward(from: losses.total)
            optimizer.update(rate: 0.005)
            last = losses.total.tensor.item
            if step == 0 { first = last }
        }
        #expect(last < 0.2 * first, "\(first) to \(last)")
        let found = head.detections(features: features, layouts: layouts)
        for (window, actions) in data.map(\.targets).enumerated() {
            let best = found[window].sorted { $0.score > $1.score }
            for action in actions {
                let match = best.prefix(12).first {
                    $0.label == action.label
                        && $0.place.intersectionOverUnion(action.place) > 0.8
                }
                #expect(match != nil, "window \(window): \(action) not in \(best.prefix(5))")
            }
            // The surest detection is an action, not background.
            let top = best.first.map { detection in
                actions.contains {
                    $0.label == detection.label
                        && $0.place.intersectionOverUnion(detection.place) > 0.8
                }
            }
            #expect(top == true)
        }
    }
}
