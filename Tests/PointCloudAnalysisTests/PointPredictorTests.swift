// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Testing

@Suite("Foreign scenes") struct PointPredictorTests {
    private let sampling = PointSampling(
        points: 100, features: [.position], spheres: .init(radius: 0.3, count: 8))

    /// A plane of 40 by 40 points, 0.05 apart at scale 1.
    private func plane(_ scale: Float) -> PointScene {
        DataFixture.scene(
            (0..<1600).map { SIMD3(Float($0 % 40), Float($0 / 40), 0) * (0.05 * scale) })
    }

    @Test("a scene in another unit is named before it is predicted, one like the training's is not")
    func foreignScenesAreNamed() throws {
        let sampler = try SphereSampler(
            [plane(1)], sampling: sampling, augmentation: .none, seed: 1)
        let trained = sampler.neighbours
        // Points of a disc of radius 6 on a whole grid.
        #expect((80...113).contains(trained), "\(trained)")
        func line(_ scale: Float, _ neighbours: Double?) -> String? {
            PointPredictor.foreign(plane(scale), sampling: sampling, neighbours: neighbours)
        }
        #expect(line(1, trained) == nil && line(1.5, trained) == nil)
        #expect(line(1000, nil) == nil)
        let wide = try #require(line(1000, trained))
        #expect(wide.hasPrefix("1 points of the grid within 0.3 of a point, \(Int(trained)) in"))
        #expect(wide.contains("At least 1600 spheres"), "\(wide)")
        let close = try #require(line(0.01, trained))
        #expect(close.hasPrefix("1600 points of the grid") && close.contains("At least 16 spheres"))
    }
}
