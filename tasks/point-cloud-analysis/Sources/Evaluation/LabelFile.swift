// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files

/// The labels of a file: an array of whole numbers, or the classes of a cloud.
struct LabelFile {
    let path: String
    /// The shape of an array; nil for a cloud.
    let shape: [Int]?
    private var source: Source

    private enum Source {
        case array([Int64], given: Int)
        case cloud(any PointReader)
    }

    /// Some labels, and the places of their points where the file has them.
    struct Part {
        var labels: [Int64] = []
        var positions: [SIMD3<Double>]?
    }

    /// Opens a `.npy` array of whole numbers, or any cloud whose points have classes.
    init(_ path: String) throws {
        self.path = path
        if let array = try LabelFile.array(path) {
            shape = array.shape
            source = .array(array.values, given: 0)
        } else {
            shape = nil
            source = .cloud(try PointFile.open(path))
        }
    }

    /// An array of labels; nil where the file is a cloud.
    private static func array(_ path: String) throws -> IntegerArray? {
        let source = try PointSource(path: path)
        guard try source.prefix(6) == [0x93] + Array("NUMPY".utf8) else { return nil }
        let value = try Npy.read(path)
        if let integers = value.integers { return integers }
        // Rows of x y z, color and class are a cloud.
        if value.shape.count == 2, value.shape[1] == 7 { return nil }
        return try Npy.readIntegers(path)
    }

    /// The number of points, where it is known before the file is read.
    var count: Int? {
        switch source {
        case .array(let values, _): values.count
        case .cloud(let reader): reader.count
        }
    }

    /// The next labels, as many as asked for but at the end.
    mutating func next(_ limit: Int) throws(InputError) -> Part {
        switch source {
        case .array(let values, let given):
            let end = min(values.count, given + limit)
            source = .array(values, given: end)
            return Part(labels: Array(values[given..<end]))
        case .cloud(var reader):
            var labels: [Int64] = [], positions: [SIMD3<Double>] = []
            while labels.count < limit, let block = try reader.next(limit - labels.count) {
                guard let found = block.labels else {
                    throw InputError(
                        "the points have no class, expected a label of each; name a file that has "
                            + "them, or an array of labels (.npy)", path: path)
                }
                labels += found.map { Int64($0) }
                positions += block.positions
            }
            source = .cloud(reader)
            return Part(labels: labels, positions: positions)
        }
    }
}

/// Whether two clouds have the same points in the same order.
struct SameOrder {
    /// Differences up to a ten-thousandth of the cloud's extent are those of rounding.
    private static let tolerance = 1e-4
    private var lower = SIMD3<Double>(repeating: .infinity)
    private var upper = SIMD3<Double>(repeating: -.infinity)
    private var largest = SIMD3<Double>()
    private var first: (point: Int, truth: SIMD3<Double>, prediction: SIMD3<Double>)?
    private var count = 0

    /// Adds points of both.
    mutating func add(_ truth: [SIMD3<Double>], _ predictions: [SIMD3<Double>]) {
        for (place, other) in zip(truth, predictions) {
            lower = pointwiseMin(lower, place)
            upper = pointwiseMax(upper, place)
            let difference = place - other
            // float32 keeps 24 bits of a coordinate.
            let rounding = pointwiseMax(place, -place) * 0x1p-22
            let distance = pointwiseMax(difference, -difference) - rounding
            if distance.max() > largest.max() {
                largest = distance
                first = (count, place, other)
            }
            count += 1
        }
    }

    /// Refuses clouds whose points differ.
    func check(_ paths: (truth: String, predictions: String)) throws(InputError) {
        guard let first, largest.max() > SameOrder.tolerance * (upper - lower).max() else { return }
        func text(_ place: SIMD3<Double>) -> String { "\(place.x) \(place.y) \(place.z)" }
        throw InputError(
            "point \(first.point) lies at \(text(first.prediction)), at \(text(first.truth)) in "
                + "\(paths.truth); expected the same points in the same order",
            path: paths.predictions)
    }
}
