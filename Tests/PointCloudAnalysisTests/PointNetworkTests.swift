// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Layers
import PointCloudAnalysis
import Reversible
import Tensors
import TestSupport
import Testing

@Suite("Pix4Point network") struct PointNetworkTests {
    private static let names = ["segmentation", "classification"]
    private static let dual = FinetuningWay.dr2net(
        .uniform(StreamCoefficients(alpha: 15.0 / 16, beta: 1.0 / 16)), .exact)

    /// Random points of the unit cube.
    private func cube(_ count: Int, _ key: RandomKey) -> [SIMD3<Float>] {
        (0..<count).map { index in
            SIMD3(
                Float(key.uniform(3 * index)), Float(key.uniform(3 * index + 1)),
                Float(key.uniform(3 * index + 2)))
        }
    }

    /// max|a - b| over the largest of b, or over `floor` where that is larger.
    private func error(_ a: Tensor, _ b: Tensor, floor: Double) -> Double {
        let largest = b.doubles.map(abs).max() ?? 0
        return relativeError(a, b) * largest / max(largest, floor)
    }

    @Test(
        "logits, loss and every gradient are PyTorch's, in training and inference", arguments: names
    )
    func agreesWithPyTorch(name: String) throws {
        try exclusively {
            let fixture = try PointNetworkFixture(name)
            let inference = try fixture.network.logits(
                Variable(fixture.features), fixture.network.pyramid(fixture.samples),
                .inference)
            let expected = try #require(fixture.expected["inference"])
            // Interpolation weights are float32.
            #expect(relativeError(inference.tensor, expected) < 1e-6)
            let step = try fixture.step(.conventional)
            let logits = try #require(fixture.expected["logits"])
            let loss = try #require(fixture.expected["loss"]).item
            #expect(relativeError(step.logits, logits) < 1e-6)
            #expect(abs(step.loss - loss) < 1e-6)
            let prefix = "gradient."
            let reference = fixture.expected.tensors.filter { $0.name.hasPrefix(prefix) }
            let largest = reference.flatMap { $0.tensor.doubles.map(abs) }.max() ?? 0
            for (name, gradient) in reference {
                let own = try #require(step.gradients[String(name.dropFirst(prefix.count))])
                #expect(error(own, gradient, floor: 1e-3 * largest) < 1e-5, "\(name)")
            }
            let after = fixture.expected.tensors.filter { $0.name.hasPrefix("after.") }
            for (name, value) in after {
                let own = try #require(
                    fixture.network.namedParameters.first { "after." + $0.name == name })
                #expect(relativeError(own.parameter.tensor, value) < 1e-6, "\(name)")
            }
            #expect(after.count == (name == "classification" ? 10 : 8) && reference.count > 40)
        }
    }

    @Test("float32 gives the same logits to rounding", arguments: names)
    func singlePrecisionAgrees(name: String) throws {
        let fixture = try PointNetworkFixture(name, dtype: .float32)
        let inference = try fixture.network.logits(
            Variable(fixture.features.converted(to: .float32)),
            fixture.network.pyramid(fixture.samples), .inference)
        let expected = try #require(fixture.expected["inference"])
        #expect(relativeError(inference.tensor, expected) < 1e-5)
    }

    @Test(
        "all ways have the same gradients at the pretrained form, tiled or whole", arguments: names)
    func waysAgree(name: String) throws {
        try exclusively {
            let plain = try PointNetworkFixture(name).step(.conventional)
            for tile in [nil, Tile(tokens: 24)] {
                let kept = try PointNetworkFixture(name).step(.checkpointed, tile: tile)
                #expect(relativeError(kept.logits, plain.logits) < 1e-10)
                #expect(kept.gradients.count == plain.gradients.count)
                for (key, gradient) in plain.gradients {
                    let own = try #require(kept.gradients[key])
                    #expect(error(own, gradient, floor: 1e-6) < 1e-8, "\(key)")
                }
            }
        }
    }

    @Test("dr2net has a gradient for everything, positions too, and the same bits for any threads")
    func dualNetworkTrains() throws {
        let steps = try withThreadCounts {
            try PointNetworkFixture("segmentation").step(Self.dual, tile: Tile(tokens: 24))
        }
        let conventional = try exclusively {
            try PointNetworkFixture("segmentation").step(.conventional)
        }
        #expect(Set(steps[0].gradients.keys) == Set(conventional.gradients.keys))
        for key in ["encoder.pos_embed.0.0.weight", "encoder.cls_pos", "encoder.cls_token"] {
            let gradient = try #require(steps[0].gradients[key])
            #expect((gradient.doubles.map(abs).max() ?? 0) > 1e-6, "\(key)")
        }
        for (key, gradient) in steps[0].gradients {
            let other = try #require(steps[1].gradients[key])
            #expect(gradient.isIdentical(to: other), "\(key)")
        }
    }

    @Test("gradients by features and by the first layers are those of central differences")
    func gradientsMatchCentralDifferences() throws {
        for isSegmentation in [true, false] {
            let network = PointNetworkFixture.network(isSegmentation: isSegmentation)
            let key = RandomKey(seed: 4)
            let pyramid = network.pyramid([cube(32, key)])
            let features = Tensor(normal: [32, 4], key: key.child("f"), dtype: .float64)
            let error = GradientCheck.worstError([features], step: 1e-6) { inputs in
                do {
                    return try network.logits(
                        inputs[0], pyramid, Context(tape: inputs[0].tape))
                } catch {
                    Issue.record(error)
                    return inputs[0]
                }
            }
            #expect(error < 1e-5)
        }
    }

    @Test("attention dropout draws the same where blocks run again, and nothing in inference")
    func attentionDropoutIsRepeated() throws {
        func network(_ rate: Double) -> PointNetwork {
            PointNetworkFixture.network(isSegmentation: false, attentionDropoutRate: rate)
        }
        // Batch norm wants more than two shapes.
        let places = (0..<4).map { cube(32, RandomKey(seed: 6).child($0)) }
        let features = Tensor(normal: [128, 4], key: RandomKey(seed: 7), dtype: .float64)
        func logits(
            _ network: PointNetwork, _ way: FinetuningWay, isTraining: Bool, tile: Tile? = nil
        ) throws -> (logits: Tensor, gradient: Tensor) {
            let tape = Tape(), input = tape.input(features)
            let output = try network.logits(
                input, network.pyramid(places),
                Context(tape: tape, isTraining: isTraining, key: RandomKey(seed: 3))
                    .running(way, tile: tile))
            tape.backward(
                from: output,
                gradient: Tensor(normal: output.shape, key: RandomKey(seed: 8), dtype: .float64))
            return (output.tensor, tape.gradient(of: input) ?? Tensor(zeros: []))
        }
        let dropped = try logits(network(0.5), .conventional, isTraining: true)
        for tile in [nil, Tile(tokens: 9)] {
            let again = try logits(network(0.5), .checkpointed, isTraining: true, tile: tile)
            #expect(relativeError(again.logits, dropped.logits) < 1e-10)
            #expect(relativeError(again.gradient, dropped.gradient) < 1e-8)
        }
        let plain = try logits(network(0), .conventional, isTraining: true)
        #expect(relativeError(plain.logits, dropped.logits) > 1e-3)
        let inference = try [0, 0.5].map {
            try logits(network($0), .conventional, isTraining: false).logits
        }
        #expect(inference[0].isIdentical(to: inference[1]))
    }

    /// Counts announced uses of parameters less finished ones.
    private final class Uses: GradientObserver {
        var pending: [ObjectIdentifier: Int] = [:]
        /// The gradient when no use was left.
        var complete: [ObjectIdentifier: Tensor] = [:]

        func willUse(_ parameter: Parameter) {
            pending[ObjectIdentifier(parameter), default: 0] += 1
        }

        func didFinish(_ parameter: Parameter) {
            let id = ObjectIdentifier(parameter)
            pending[id, default: 0] -= 1
            if pending[id] == 0 { complete[id] = parameter.gradient }
        }
    }

    @Test(
        "gradients that are told to be complete are, in every way",
        arguments: [FinetuningWay.conventional, .checkpointed, dual])
    func completeGradientsAreComplete(way: FinetuningWay) throws {
        for name in Self.names {
            let fixture = try PointNetworkFixture(name)
            let uses = Uses()
            var context = Context(isTraining: true, key: RandomKey(seed: 3))
                .running(way, tile: Tile(tokens: 24))
            context.observer = uses
            let tape = Tape(for: context)
            context.tape = tape
            let logits = try fixture.network.logits(
                Variable(fixture.features), fixture.network.pyramid(fixture.samples), context)
            tape.backward(from: logits)
            for entry in fixture.network.namedParameters where entry.parameter.isTrainable {
                let id = ObjectIdentifier(entry.parameter)
                #expect(uses.pending[id, default: 0] >= 0, "\(entry.name)")
                guard let told = uses.complete[id] else { continue }
                let gradient = try #require(entry.parameter.gradient)
                #expect(told.isIdentical(to: gradient), "\(entry.name)")
            }
            #expect(uses.complete.count > 20)
        }
    }

    @Test(
        "norms over all points in slices: dropout, gradients and running statistics of the whole",
        arguments: [true, false])
    func slicedNormsAgree(isSegmentation: Bool) throws {
        let places = (0..<3).map { cube(48, RandomKey(seed: 6).child($0)) }
        let features = Tensor(normal: [144, 4], key: RandomKey(seed: 7), dtype: .float64)
        func run(_ way: FinetuningWay, tile: Tile?) throws -> [String: Tensor] {
            let network = PointNetworkFixture.network(
                isSegmentation: isSegmentation, dropout: 0.5)
            // As after some training: with positive and negative weights of norms.
            for entry in network.namedParameters where entry.parameter.shape.count == 1 {
                let noise = Tensor(
                    normal: entry.parameter.shape, key: RandomKey(seed: 9).child(entry.name),
                    dtype: .float64)
                if entry.parameter.isTrainable { entry.parameter.tensor.add(noise) }
            }
            let tape = Tape(), input = tape.input(features)
            let output = try network.logits(
                input, network.pyramid(places),
                Context(tape: tape, isTraining: true, key: RandomKey(seed: 3))
                    .running(way, tile: tile))
            tape.backward(
                from: output,
                gradient: Tensor(normal: output.shape, key: RandomKey(seed: 8), dtype: .float64))
            var result = ["logits": output.tensor, "input": tape.gradient(of: input)]
            for entry in network.namedParameters {
                result[entry.name] =
                    entry.parameter.isTrainable ? entry.parameter.gradient : entry.parameter.tensor
            }
            return result.compactMapValues { $0 }
        }
        // Some gradients of shapes are 0 but for rounding, as norms over all rows follow them.
        let floor = isSegmentation ? 1e-6 : 1e-3
        for size in [48, 20] {
            let whole = try run(.conventional, tile: Tile(tokens: size))
            let sliced = try run(.checkpointed, tile: Tile(tokens: size))
            #expect(Set(whole.keys) == Set(sliced.keys))
            for (name, value) in whole {
                let own = try #require(sliced[name])
                #expect(error(own, value, floor: floor) < 1e-8, "\(name)")
            }
        }
        guard isSegmentation else { return }
        let other = try run(.conventional, tile: Tile(tokens: 20))["logits"]
        let first = try run(.conventional, tile: Tile(tokens: 48))["logits"]
        #expect(try relativeError(#require(other), #require(first)) > 1e-3, "the draws differ")
    }

    @Test("clouds with fewer points than neighbours, and equal points, have finite logits")
    func degenerateClouds() throws {
        let network = PointNetworkFixture.network(isSegmentation: true, dtype: .float32)
        for cloud in [TestCloud.equal, .duplicates, .line, .two, .one] {
            let places = cloud.points(40)
            let features = Tensor(
                normal: [places.count, 4], key: RandomKey(seed: 5))
            let logits = try network.logits(
                Variable(features), network.pyramid([places]), .inference.running(Self.dual))
            #expect(logits.shape == [places.count, 5])
            #expect(logits.tensor.floats.allSatisfy { $0.isFinite }, "\(cloud)")
        }
    }

    @Test("weights of classes are one over the root of their share, none without points")
    func classWeights() throws {
        #expect(PointTask.classWeights(.none, counts: [1, 2]) == nil)
        let weights = try #require(PointTask.classWeights(.inverseRoot, counts: [100, 25, 0, 4]))
        let expected = [0.1, 0.2, 0, 0.5].map { $0 / (0.8 / 3) }
        #expect(zip(weights, expected).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(PointTask.classWeights(.inverseRoot, counts: [0, 0]) == [0, 0])
    }
}
