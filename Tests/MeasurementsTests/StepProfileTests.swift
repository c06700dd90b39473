// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Measurements
import Optimizers
import Reversible
import Tensors
import Testing

/// Counted bytes belong to the whole process.
@Suite("Profiles of steps", .serialized) struct StepProfileTests {
    private func profile(
        _ way: FinetuningWay, _ settings: AdamW.Settings = .init(), steps: Int = 2
    ) throws -> (profile: StepProfile, result: StepProfile.Measurement) {
        let profile = StepProfile(
            network: TinyNetwork.make(), way: way, tile: nil, settings: settings,
            key: RandomKey(seed: 5))
        return (profile, try profile.run(TinyNetwork.images, steps: steps) { _, _ in })
    }

    private var parameters: Int {
        TinyNetwork.make().namedParameters.reduce(0) { $0 + $1.parameter.tensor.count }
    }

    @Test("weights, gradients and two moments of every parameter") func bytes() throws {
        let found = try profile(.conventional).result
        #expect(found.weightBytes == 4 * parameters && found.gradientBytes == 4 * parameters)
        #expect(found.optimizerBytes == 8 * parameters)
        #expect(found.seconds.count == 2 && found.losses.count == 3)
        #expect(found.peakCounted >= 16 * parameters)
        let features = try TinyNetwork.make().features(
            Variable(TinyNetwork.images),
            Context(isTraining: true, key: RandomKey(seed: 5).child(0))
        ).tensor
        let loss = features.dot(features) / Double(features.count)
        #expect(abs(found.losses[0] - loss) < 1e-6)
        #expect(Set(found.losses).count == 3)
    }

    @Test("a frozen step has no gradient, moves nothing and counts a third") func frozen() throws {
        let frozen = try profile(.frozen)
        #expect(frozen.result.gradientBytes == 0 && Set(frozen.result.losses).count == 1)
        let trained = try profile(.conventional)
        let shape = TinyNetwork.images.shape
        #expect(
            trained.profile.modelOperations(shape) == 3 * frozen.profile.modelOperations(shape))
    }

    @Test("updates in the backward pass leave no gradient and the same weights")
    func inBackward() throws {
        let small = try profile(.conventional, .init(updatesInBackward: true)).result
        #expect(small.gradientBytes == 0)
        #expect(try small.losses == profile(.conventional).result.losses)
    }

    @Test("exact reversal repeats its losses to the last bit") func dual() throws {
        let way = FinetuningWay.dr2net(CoefficientPolicy.default.plan(step: 0), .exact)
        #expect(try profile(way).result.losses == profile(way).result.losses)
    }

    @Test("the median is the middle of the seconds") func median() throws {
        var measured = StepProfile.Measurement()
        #expect(measured.median == 0)
        measured.seconds = [5, 1, 3]
        #expect(measured.median == 3)
    }
}
