// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Tensors

/// Covers a hilly square by spheres with made-up logits, for `Benchmarks/point_preparation`.
enum Coverage {
    /// Prints one JSON object.
    static func run(points: Int, classes: Int) {
        let key = RandomKey(seed: 0)
        let side = Double(points).squareRoot() / 10
        var scene = PointScene(origin: SIMD3(0, 0, 0))
        scene.positions = (0..<points).map { point in
            let x = key.uniform(3 * point) * side, y = key.uniform(3 * point + 1) * side
            return SIMD3(Float(x), Float(y), Float(key.uniform(3 * point + 2)))
        }
        scene.intensities = [Float](repeating: 0, count: points)
        scene.colors = [SIMD3<UInt16>](repeating: SIMD3(0, 0, 0), count: points)
        scene.labels = [Int32](repeating: 0, count: points)
        let sampling = PointSampling(
            points: 16_384, features: [.position, .color, .height],
            spheres: .init(radius: 8, count: 1))
        var coverage = SceneCoverage(scene, sampling: sampling, classes: classes)
        let logits = Tensor(normal: [sampling.points, classes], key: key)
        while let sample = coverage.next() { coverage.add(logits, of: sample) }
        let found = Set(coverage.labels()).count
        print(
            "{\"points\": \(points), \"classes\": \(found), \"spheres\": \(coverage.count)}")
    }
}
