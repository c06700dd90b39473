// SPDX-License-Identifier: Apache-2.0
import Regions

/// One place of the pyramid that may find an action around itself.
struct ActionPoint: Hashable {
    /// Its position.
    let position: Double
    /// Positions from one point of its level to the next.
    let stride: Double
    /// How far away, in positions, the farther end of its action may be.
    let range: ClosedRange<Double>
    /// The level, finest first.
    let level: Int
}

/// The points of a pyramid and what they should find.
struct ActionPoints {
    let points: [ActionPoint]
    private let centreRadius: Double?

    /// The points of a sequence whose length is a multiple of the largest stride: by level, then
    /// position.
    init(_ configuration: ActionFormerConfiguration, length: Int) {
        centreRadius = configuration.centreRadius
        let bounds = configuration.rangeBounds
        points = (0..<configuration.levels).flatMap { level in
            (0..<length >> level).map { index in
                ActionPoint(
                    position: Double(index << level), stride: Double(1 << level),
                    range: bounds[level]...bounds[level + 1], level: level)
            }
        }
    }

    /// What a point should find.
    struct Target {
        /// The classes that are on there.
        var labels: Set<Int>
        /// The distances to its action's start and end, in strides.
        var offsets: (Double, Double)
    }

    /// What each point should find, nil for background.
    ///
    /// A point takes the shortest action that it lies in, near enough to its centre, and whose
    /// farther end is within its level's range; actions within 0.001 of the shortest length add
    /// their classes. Ties go to the first.
    func targets(_ actions: [Item<Segment>]) -> [Target?] {
        points.map { point in
            let found = actions.filter { matches(point, $0.place) }
            guard let first = found.first else { return nil }
            let best = found.dropFirst().reduce(first) {
                length($1) < length($0) ? $1 : $0
            }
            let labels = found.filter { length($0) <= length(best) + 1e-3 }.map(\.label)
            return Target(
                labels: Set(labels),
                offsets: (
                    (point.position - best.place.start) / point.stride,
                    (best.place.end - point.position) / point.stride
                ))
        }
    }

    private func length(_ action: Item<Segment>) -> Double {
        action.place.end - action.place.start
    }

    private func matches(_ point: ActionPoint, _ action: Segment) -> Bool {
        var inside = action
        if let centreRadius {
            let reach = centreRadius * point.stride
            inside.start = max(inside.start, action.centre - reach)
            inside.end = min(inside.end, action.centre + reach)
        }
        guard point.position > inside.start, point.position < inside.end else { return false }
        let farther = max(point.position - action.start, action.end - point.position)
        return point.range.contains(farther)
    }
}
