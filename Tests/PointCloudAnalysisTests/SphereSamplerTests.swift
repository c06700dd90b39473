// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Tensors
import Testing

@Suite("Spheres for training") struct SphereSamplerTests {
    private let sampling = PointSampling(
        points: 200, features: [.position, .color, .intensity, .height], scale: 0.5,
        spheres: .init(radius: 0.3, count: 40))

    private func sampler(
        _ scenes: [PointScene], augmentation: PointAugmentation = .none, seed: UInt64 = 3
    ) throws -> SphereSampler {
        try SphereSampler(scenes, sampling: sampling, augmentation: augmentation, seed: seed)
    }

    private func scenes() -> [PointScene] {
        [
            DataFixture.scene(TestCloud.random.points(3000)),
            DataFixture.scene(TestCloud.plane.points(1000)),
        ]
    }

    @Test func aSampleIsAFunctionOfSeedEpochAndNumber() throws {
        let augmentation = PointAugmentation(
            autoContrast: 0.5, scale: 0.9...1.1, rotation: .z, jitter: 0.01, jitterClip: 0.02,
            colorDrop: 0.2)
        let one = try sampler(scenes(), augmentation: augmentation)
        let two = try sampler(scenes(), augmentation: augmentation)
        // In another order, from another epoch on: as after a resume.
        let late = two.sample(7, epoch: 5)
        _ = two.sample(39, epoch: 6)
        for (number, epoch) in [(0, 4), (7, 5), (39, 5), (7, 5)] {
            let a = one.sample(number, epoch: epoch), b = two.sample(number, epoch: epoch)
            #expect(a.features.isIdentical(to: b.features) && a.numbers == b.numbers)
            #expect(a.positions == b.positions && a.labels == b.labels)
        }
        #expect(late.features.isIdentical(to: one.sample(7, epoch: 5).features))
        #expect(one.centres(epoch: 0) != one.centres(epoch: 1))
        let other = try sampler(scenes(), seed: 4)
        #expect(one.centres(epoch: 0) != other.centres(epoch: 0))
    }

    @Test func aSphereHoldsTheNearestPointsAndRepeatsThem() throws {
        let scenes = scenes()
        let sampler = try sampler(scenes)
        var hasRepeats = false, isFull = false
        for (number, centre) in sampler.centres(epoch: 0).enumerated() {
            let scene = scenes[centre.scene]
            let sample = sampler.sample(number, epoch: 0)
            func distance(_ point: Int) -> Float {
                let difference = scene.positions[point] - centre.place
                return (difference * difference).sum()
            }
            let inside = scene.positions.indices.filter { distance($0) <= Float(0.3) * Float(0.3) }
                .sorted { (distance($0), $0) < (distance($1), $1) }.prefix(200)
            #expect(sample.own == inside.count && !inside.isEmpty)
            #expect(sample.numbers == (0..<200).map { Int32(inside[$0 % inside.count]) })
            #expect(sample.mask == (0..<200).map { $0 < inside.count })
            #expect(sample.labels == sample.numbers.map { scene.labels[Int($0)] })
            #expect(sample.features.shape == [200, 8] && sample.positions.count == 200)
            hasRepeats = hasRepeats || inside.count < 200
            isFull = isFull || inside.count == 200
            let values = sample.features.floats
            for row in [0, 199] {
                let point = Int(sample.numbers[row])
                let place = (scene.positions[point] - centre.place) * 0.5
                let color = SIMD3<Float>(scene.colors[point]) / 65535
                let expected: [Float] = [
                    place.x, place.y, place.z,
                    (color.x - Float(PointSampling.colorMean[0]))
                        / Float(PointSampling.colorDeviation[0]),
                    (color.y - Float(PointSampling.colorMean[1]))
                        / Float(PointSampling.colorDeviation[1]),
                    (color.z - Float(PointSampling.colorMean[2]))
                        / Float(PointSampling.colorDeviation[2]),
                    scene.intensities[point],
                    (scene.positions[point].z - scene.ground(.quantile)) * 0.5,
                ]
                for (column, value) in expected.enumerated() {
                    #expect(abs(values[8 * row + column] - value) < 1e-5)
                }
            }
        }
        #expect(hasRepeats && isFull)
    }

    @Test func potentialsSpreadTheSpheres() throws {
        // A long plank: spheres at random would leave holes in it.
        let key = RandomKey(seed: 1)
        let plank = (0..<4000).map {
            SIMD3<Float>(Float(key.uniform(2 * $0) * 8), Float(key.uniform(2 * $0 + 1) * 0.2), 0)
        }
        let sampler = try sampler([DataFixture.scene(plank)])
        var visits = [Int](repeating: 0, count: plank.count)
        for number in 0..<sampler.count {
            let sample = sampler.sample(number, epoch: 2)
            for row in 0..<sample.own { visits[Int(sample.numbers[row])] += 1 }
        }
        let seen = visits.count { $0 > 0 }
        #expect(Double(seen) / Double(plank.count) > 0.97, "\(seen)")
        let places = sampler.centres(epoch: 2).map(\.place.x).sorted()
        let gaps = zip(places, places.dropFirst()).map { $1 - $0 }
        #expect((gaps.max() ?? 9) < 0.6)
    }

    @Test(arguments: [TestCloud.one, .two, .line, .duplicates, .lattice])
    func degenerateCloudsGiveSamples(cloud: TestCloud) throws {
        let points = cloud.points(300)
        let sampler = try sampler([DataFixture.scene(points)])
        for number in [0, 39] {
            let sample = sampler.sample(number, epoch: 0)
            #expect(sample.own > 0 && sample.numbers.count == 200)
            #expect(sample.features.floats.allSatisfy { $0.isFinite })
        }
    }
}
