// SPDX-License-Identifier: Apache-2.0

/// What a picture must know of a cloud before it is drawn: its box and its ranges of values.
struct Survey: Sendable {
    /// Points, and whether all of them have a value.
    private(set) var count = 0
    private(set) var hasColors = true, hasIntensities = true, hasLabels = true
    /// The box along the view's axes, right, up and towards the viewer.
    private(set) var lower = SIMD3<Double>(repeating: .infinity)
    private(set) var upper = SIMD3<Double>(repeating: -.infinity)
    private(set) var largestChannel: UInt16 = 0
    /// The labels that occur; at most 4096 of them.
    private(set) var labels: Set<Int32> = []
    private(set) var heights = EvenSample()
    private(set) var intensities = EvenSample()

    private let axes: (right: SIMD3<Double>, up: SIMD3<Double>, towards: SIMD3<Double>)

    init(axes: (right: SIMD3<Double>, up: SIMD3<Double>, towards: SIMD3<Double>)) {
        self.axes = axes
    }

    /// A position along the view's axes.
    func place(_ position: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(
            Survey.product(position, axes.right), Survey.product(position, axes.up),
            Survey.product(position, axes.towards))
    }

    private static func product(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
        a.x * b.x + a.y * b.y + a.z * b.z
    }

    mutating func add(_ block: PointBlock) {
        count += block.count
        hasColors = hasColors && block.colors != nil
        hasIntensities = hasIntensities && block.intensities != nil
        hasLabels = hasLabels && block.labels != nil
        for position in block.positions {
            let place = place(position)
            lower = pointwiseMin(lower, place)
            upper = pointwiseMax(upper, place)
            heights.add(position.z)
        }
        for color in block.colors ?? [] { largestChannel = max(largestChannel, color.max()) }
        for intensity in block.intensities ?? [] where intensity.isFinite {
            intensities.add(Double(intensity))
        }
        for label in block.labels ?? [] where labels.count < 4096 { labels.insert(label) }
    }
}

/// Evenly spaced values of a stream of unknown length, in bounded memory.
struct EvenSample: Sendable {
    private static let limit = 1 << 14

    private var values: [Double] = []
    private var seen = 0
    private var step = 1

    mutating func add(_ value: Double) {
        defer { seen += 1 }
        guard seen % step == 0 else { return }
        values.append(value)
        guard values.count == EvenSample.limit else { return }
        values = stride(from: 0, to: values.count, by: 2).map { values[$0] }
        step *= 2
    }

    /// The values at 1 % and 99 %, so that a few outliers don't take the whole range.
    var range: (low: Double, high: Double) {
        let sorted = values.sorted()
        guard let first = sorted.first else { return (0, 1) }
        let last = sorted.count - 1
        let low = sorted[last / 100], high = sorted[last - last / 100]
        return low < high ? (low, high) : (first, first + 1)
    }
}
