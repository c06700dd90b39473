// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Measurements
import Reversible
import Tensors
import Testing

@Suite("Gradients and their errors") struct GradientErrorMapTests {
    private let key = RandomKey(seed: 3)

    @Test("mean(features²) and its gradient 2x/n") func meanSquare() throws {
        let tape = Tape()
        let leaf = tape.input(Tensor([1.0, -2, 3, 0], shape: [2, 2]))
        #expect(MeanSquare.backward(leaf, on: tape) == 3.5)
        #expect(tape.gradient(of: leaf)?.doubles == [0.5, -1, 1.5, 0])
    }

    @Test("a slope's gradient is what the function rises by")
    func slopes() throws {
        let network = TinyNetwork.make(.float64)
        let images = TinyNetwork.images.converted(to: .float64)
        let gradients = try SlopeGradient.gradients(
            of: network, images, Context(isTraining: true, key: key))
        let named = network.namedParameters
        #expect(gradients.map(\.shape) == named.map(\.parameter.shape))
        #expect(named.allSatisfy { $0.parameter.gradient == nil })
        func value() throws -> Double {
            let features = try network.features(
                Variable(images), Context(key: key)
            ).tensor
            let slope = Tensor(normal: features.shape, key: key.child("slope"))
            return features.dot(slope.converted(to: .float64))
        }
        for name in ["cls_token", "blocks.0.attn.qkv.weight", "blocks.1.mlp.fc2.bias"] {
            let index = try #require(named.firstIndex { $0.name == name })
            let parameter = named[index].parameter, old = parameter.tensor
            let direction = Tensor(normal: old.shape, key: key.child(name))
                .converted(to: .float64)
            func moved(_ step: Double) throws -> Double {
                parameter.tensor = Tensor.axpby(1, old, step, direction)
                defer { parameter.tensor = old }
                return try value()
            }
            let rise = (try moved(1e-5) - moved(-1e-5)) / 2e-5
            #expect(abs(rise - gradients[index].dot(direction)) < 1e-6 * max(1, abs(rise)))
        }
    }

    @Test("the axes hold the published schedule's diagonal") func axes() {
        let axes = GradientErrorMap.axes(3)
        #expect(axes.alphas == [0, 0.5, 1] && axes.betas == [0.1, 0.55, 1])
    }

    @Test("exact reversal has float32's error everywhere, float fails at the schedule's start")
    func errors() throws {
        let map = GradientErrorMap(
            network: TinyNetwork.make(), wide: TinyNetwork.make(.float64),
            images: TinyNetwork.images, tile: nil, key: key)
        var said: [Int] = []
        let points = try map.measure(points: 2) { done, total in
            said.append(done)
            #expect(total == 4)
        }
        #expect(said == [1, 2, 3, 4])
        #expect(points.map(\.alpha) == [0, 0, 1, 1] && points.map(\.beta) == [0.1, 1, 0.1, 1])
        for point in points { #expect(try #require(point.exact) < 1e-5) }
        #expect(try #require(points[2].float) > 10 * #require(points[2].exact))
        #expect(try #require(points[1].float) < 1e-5)
        #expect(try #require(try map.ordinary()) < 1e-5)
        let same = GradientErrorMap(
            network: TinyNetwork.make(.float64), wide: TinyNetwork.make(.float64),
            images: TinyNetwork.images, tile: nil, key: key)
        #expect(try same.ordinary() == 0)
    }
}
