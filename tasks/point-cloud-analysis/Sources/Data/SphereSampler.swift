// SPDX-License-Identifier: Apache-2.0
import Files
import Synchronization
import Tensors

/// Spheres of scenes for training, spread evenly by potentials.
///
/// A centre is the place with the lowest potential plus noise of a tenth of the radius on each
/// axis; then (1 - d²/r²)² is added to the potential of places at distances d below the radius r
/// (KPConv, Thomas et al., ICCV 2019, after Tukey's biweight). Potentials live on a grid of a tenth
/// of the radius and begin anew, at small random numbers, in each epoch, so that a sample is a pure
/// function of the seed, the epoch and its number.
package final class SphereSampler: Sendable {
    /// A sphere of an epoch.
    package struct Centre: Sendable, Equatable {
        /// The scene.
        package let scene: Int
        /// Relative to the scene's origin.
        package let place: SIMD3<Float>
    }

    private let scenes: [IndexedScene]
    private let places: [PotentialPlaces]
    private let sampling: PointSampling
    private let spheres: PointSampling.Spheres
    private let augmentation: PointAugmentation
    private let key: RandomKey
    private let known = Mutex<[Int: [Centre]]>([:])

    /// Samples of an epoch.
    package var count: Int { spheres.count }

    /// A sampler.
    ///
    /// - Throws: One line where the radius is too small for a scene's extent.
    /// - Precondition: At least one scene, each with a point; sampling by spheres.
    package init(
        _ scenes: [PointScene], sampling: PointSampling, augmentation: PointAugmentation,
        seed: UInt64
    ) throws {
        guard let spheres = sampling.spheres, !scenes.isEmpty else {
            preconditionFailure("spheres of \(scenes.count) scenes")
        }
        self.sampling = sampling
        self.spheres = spheres
        self.augmentation = augmentation
        self.scenes = scenes.map { IndexedScene($0, sampling.ground) }
        places = try scenes.map { scene in
            do throws(InputError) {
                let grid = try VoxelGrid(scene.positions, side: Float(spheres.radius / 10))
                return PotentialPlaces(grid.part(0).map { scene.positions[Int($0)] })
            } catch {
                throw InputError(
                    "data.radius \(spheres.radius) is too small for a scene: \(error)")
            }
        }
        key = RandomKey(seed: seed).child("spheres")
    }

    /// Points within a sphere's radius of a point of the scenes, the median.
    package var neighbours: Double {
        scenes.map { $0.neighbours(within: Float(spheres.radius)) }.median
    }

    /// A training sample; the same bits whenever it is asked for.
    ///
    /// - Parameter number: In `0..<count`.
    package func sample(_ number: Int, epoch: Int) -> PointSample {
        let centre = centres(epoch: epoch)[number]
        let scene = scenes[centre.scene]
        let own = scene.nearest(
            to: centre.place, within: Float(spheres.radius), limit: sampling.points)
        return sampling.sample(
            of: scene.scene, own: own, centre: centre.place, ground: scene.ground,
            augmentation: augmentation, key: key.child(epoch).child(number))
    }

    /// The spheres of an epoch, in order.
    package func centres(epoch: Int) -> [Centre] {
        if let centres = known.withLock({ $0[epoch] }) { return centres }
        let centres = draw(epoch)
        known.withLock {
            // The epochs that a step can touch.
            $0 = $0.filter { abs($0.key - epoch) < 2 }
            $0[epoch] = centres
        }
        return centres
    }

    private func draw(_ epoch: Int) -> [Centre] {
        let key = key.child("potentials").child(epoch)
        let radius = Float(spheres.radius)
        var potentials = places.enumerated().map { number, places in
            let draws = key.child(number)
            return LeastValue((0..<places.count).map { Float(draws.uniform($0)) * 1e-3 })
        }
        var lowest = potentials.indices.map { potentials[$0].position() }
        let noise = key.child("noise")
        return (0..<spheres.count).map { number in
            var scene = 0
            for other in potentials.indices
            where potentials[other][lowest[other]] < potentials[scene][lowest[scene]] {
                scene = other
            }
            let start = places[scene].place(lowest[scene])
            var place = start
            for axis in 0..<3 {
                place[axis] += Float(noise.normal(3 * number + axis)) * radius / 10
            }
            // Noise of many deviations could leave the cloud.
            if scenes[scene].tree.nearest(to: [place], k: 1, within: radius).found[0] == 0 {
                place = start
            }
            places[scene].addWeights(to: &potentials[scene], around: place, radius: radius)
            lowest[scene] = potentials[scene].position()
            return Centre(scene: scene, place: place)
        }
    }
}

/// A scene with what finds its points.
struct IndexedScene: Sendable {
    let scene: PointScene
    let tree: PointTree
    let ground: Float

    init(_ scene: PointScene, _ rule: GroundRule) {
        self.scene = scene
        tree = PointTree(scene.positions)
        ground = scene.ground(rule)
    }

    /// How many points, itself among them, lie within a radius of a point: the median of 64 points
    /// spread over the scene's numbers.
    func neighbours(within radius: Float) -> Double {
        let draws = min(64, scene.count)
        return (0..<draws).map { draw in
            let point = scene.positions[draw * scene.count / draws]
            return Double(tree.points(within: radius, of: point).count)
        }.median
    }

    /// At most `limit` points within a radius, nearest first; of equals the lower number first.
    func nearest(to centre: SIMD3<Float>, within radius: Float, limit: Int) -> [Int32] {
        tree.points(within: radius, of: centre).map { number -> UInt64 in
            let difference = scene.positions[Int(number)] - centre
            let distance = (difference * difference).sum()
            return UInt64(distance.bitPattern) << 32 | UInt64(UInt32(bitPattern: number))
        }
        .sorted().prefix(limit).map { Int32(truncatingIfNeeded: $0 & 0xFFFF_FFFF) }
    }
}

extension [Double] {
    /// The middle one, the upper of two; 0 of none.
    var median: Double { isEmpty ? 0 : sorted()[count / 2] }
}

/// Places with potentials.
struct PotentialPlaces: Sendable {
    private let positions: [SIMD3<Float>]
    private let tree: PointTree

    init(_ positions: [SIMD3<Float>]) {
        self.positions = positions
        tree = PointTree(positions)
    }

    var count: Int { positions.count }

    func place(_ index: Int) -> SIMD3<Float> { positions[index] }

    /// Adds Tukey's weights.
    func addWeights(to potentials: inout LeastValue, around centre: SIMD3<Float>, radius: Float) {
        for index in tree.points(within: radius, of: centre) {
            let difference = positions[Int(index)] - centre
            let part = 1 - (difference * difference).sum() / (radius * radius)
            if part > 0 { potentials[Int(index)] += part * part }
        }
    }
}
