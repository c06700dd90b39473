// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import PointCloudAnalysis
import Tensors

/// Times of the searches in point clouds, for `Benchmarks/point_geometry`.
///
///     PointTimes POINTS.npy K SAMPLES REPEATS FOLDER
///     PointTimes coverage POINTS CLASSES
///     PointTimes step WAY POINTS STEPS [SHAPES]
///
/// Prints one JSON object: seconds of the quickest repeat. Writes what was found to FOLDER.
@main enum Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "coverage", let points = Int(arguments[2]),
            let classes = Int(arguments[3]), points > 0, classes > 0
        {
            return Coverage.run(points: points, classes: classes)
        }
        if (5...6).contains(arguments.count), arguments[1] == "step",
            let points = Int(arguments[3]), let steps = Int(arguments[4]), points >= 64, steps > 0
        {
            let shapes = arguments.count == 6 ? Int(arguments[5]) : nil
            if arguments.count == 5 || shapes ?? 0 > 0 {
                return try TrainingStep.run(
                    arguments[2], points: points, steps: steps, shapes: shapes)
            }
        }
        guard arguments.count == 6, let k = Int(arguments[2]), let samples = Int(arguments[3]),
            let repeats = Int(arguments[4])
        else {
            print(
                "usage: PointTimes POINTS.npy K SAMPLES REPEATS FOLDER | coverage POINTS CLASSES "
                    + "| step WAY POINTS STEPS [SHAPES]")
            exit(64)
        }
        let values = try Npy.readTensor(arguments[1]).floats
        let points = (0..<values.count / 3).map {
            SIMD3(values[3 * $0], values[3 * $0 + 1], values[3 * $0 + 2])
        }
        var tree = PointTree(points)
        var neighbours = tree.nearest(to: [points[0]], k: 1)
        var chosen: [Int32] = []
        let times = [
            ("build", quickest(repeats) { tree = PointTree(points) }),
            ("nearest", quickest(repeats) { neighbours = tree.nearest(to: points, k: k) }),
            ("farthest", quickest(repeats) { chosen = tree.farthestPoints(samples) }),
            ("interpolate", quickest(repeats) { _ = ThreeNearest(of: points, in: tree) }),
            ("voxels", try quickest(repeats) { _ = try VoxelGrid(points, side: 0.02) }),
        ]
        try write(neighbours.indices, [points.count, k], to: "\(arguments[5])/nearest.npy")
        try write(chosen, [samples], to: "\(arguments[5])/farthest.npy")
        print("{" + times.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
    }

    private static func write(_ numbers: [Int32], _ shape: [Int], to path: String) throws {
        try Npy.write(IntegerArray(numbers.map { Int64($0) }, shape: shape), to: path)
    }

    private static func quickest(_ repeats: Int, _ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<max(1, repeats) {
            let clock = ContinuousClock()
            let time = try clock.measure { try body() }
            best = min(best, time / .seconds(1))
        }
        return best
    }
}
