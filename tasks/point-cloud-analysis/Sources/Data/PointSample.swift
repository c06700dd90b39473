// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// What the network sees: N points of a sphere or a shape.
package struct PointSample: Sendable {
    /// Places from the centre, scaled and, in training, changed; N of them.
    package let positions: [SIMD3<Float>]
    /// `[N, F]`, the features of ``PointSampling/features`` in that order.
    package let features: Tensor
    /// The class of each point, or one class for a shape; ``PointClasses/ignored`` doesn't count.
    package let labels: [Int32]
    /// The first so many points are the sphere's own, the others repeat them in order.
    package let own: Int
    /// Numbers of the points in the scene or shape, N of them.
    package let numbers: [Int32]

    /// Whether each point is the sphere's own and no repeat.
    package var mask: [Bool] { numbers.indices.map { $0 < own } }
}

extension PointSampling {
    /// Numbers of own points, repeated in order until there are ``points``.
    func padded(_ numbers: [Int32]) -> [Int32] {
        precondition(!numbers.isEmpty && numbers.count <= points, "\(numbers.count) points")
        return (0..<points).map { numbers[$0 % numbers.count] }
    }

    /// The sample of some points of a scene.
    ///
    /// - Parameters:
    ///   - own: At least one and at most ``points`` numbers of points.
    ///   - ground: ``PointScene/ground(_:)``.
    ///   - key: What the changes are drawn from.
    func sample(
        of scene: PointScene, own: [Int32], centre: SIMD3<Float>, ground: Float,
        augmentation: PointAugmentation?, key: RandomKey
    ) -> PointSample {
        let numbers = padded(own)
        let scale = Float(scale)
        var positions = numbers.map { (scene.positions[Int($0)] - centre) * scale }
        augmentation?.apply(to: &positions, key: key)
        var colors: [SIMD3<Float>] = []
        if features.contains(.color) {
            colors = numbers.map { SIMD3<Float>(scene.colors[Int($0)]) / 65535 }
            augmentation?.apply(toColors: &colors, key: key)
        }
        let mean = SIMD3<Float>(colorMean.map(Float.init))
        let deviation = SIMD3<Float>(colorDeviation.map(Float.init))
        let dropsIntensity = augmentation?.dropsColors(key) ?? false
        var values: [Float] = []
        values.reserveCapacity(points * featureWidth)
        for (point, number) in numbers.enumerated() {
            for feature in features {
                switch feature {
                case .position:
                    for axis in 0..<3 { values.append(positions[point][axis]) }
                case .color:
                    let color = (colors[point] - mean) / deviation
                    for channel in 0..<3 { values.append(color[channel]) }
                case .intensity:
                    let intensity = Double(scene.intensities[Int(number)])
                    values.append(
                        dropsIntensity
                            ? 0 : Float((intensity - intensityMean) / intensityDeviation))
                case .height:
                    values.append((scene.positions[Int(number)].z - ground) * scale)
                }
            }
        }
        return PointSample(
            positions: positions, features: Tensor(values, shape: [points, featureWidth]),
            labels: numbers.map { scene.labels[Int($0)] }, own: own.count, numbers: numbers)
    }
}
