// SPDX-License-Identifier: Apache-2.0

/// A kind of work in a run that has a pace of its own.
package enum WorkKind: String, CaseIterable, Sendable {
    /// Features that are computed once, for the steps of the head alone.
    case features
    /// Steps in which the head alone trains.
    case headSteps
    /// Steps in which the backbone trains.
    case backboneSteps
    /// Evaluations.
    case evaluation

    /// The kind in a sentence.
    var text: String {
        switch self {
        case .features: "features"
        case .headSteps: "steps of the head"
        case .backboneSteps: "backbone steps"
        case .evaluation: "the evaluation"
        }
    }
}

/// How long the rest of a run takes, from the pace of every kind of work that is still to come.
///
/// A kind's pace is the median of its last measurements. Until it has been measured it is worked out
/// from the pace of another kind and the operations of both; where these aren't known, the time left
/// is that of the other kinds and says so.
package struct TimeForecast: Sendable {
    /// Seconds that are left, and how sure that is.
    package struct Left: Sendable, Equatable {
        /// Seconds.
        package var seconds: Double
        /// Whether some of them follow from operations alone.
        package var isGuessed: Bool
        /// What is still to come and not in the seconds.
        package var unknown: [WorkKind]

        /// A time.
        package init(seconds: Double, isGuessed: Bool = false, unknown: [WorkKind] = []) {
            self.seconds = seconds
            self.isGuessed = isGuessed
            self.unknown = unknown
        }

        /// The time for people after `elapsed` further seconds: "about 4 min 10 s left"; nil where
        /// nothing is known.
        package func text(after elapsed: Double = 0) -> String? {
            let time = ProgressLine.duration(seconds - elapsed)
            guard !unknown.isEmpty else { return (isGuessed ? "about " : "") + time + " left" }
            guard seconds > 0 else { return nil }
            let names = unknown.map(\.text).joined(separator: " and ")
            return "at least \(time) left (\(names) still to be measured)"
        }
    }

    private struct Part {
        var units = 0
        var operations: Double?
        /// Seconds of a unit, the last measurements.
        var paces: [Double] = []

        var pace: Double? { paces.isEmpty ? nil : paces.sorted()[paces.count / 2] }
    }

    private var parts: [WorkKind: Part] = [:]

    /// A forecast of no work.
    package init() {}

    /// Sets what is still to come of a kind.
    ///
    /// - Parameters:
    ///   - units: How much: steps, frames, images.
    ///   - operations: Of one unit, in any measure that all kinds share; nil where unknown, which
    ///     leaves what is known.
    package mutating func expect(_ kind: WorkKind, units: Int, operations: Double? = nil) {
        parts[kind, default: Part()].units = max(0, units)
        if let operations { parts[kind, default: Part()].operations = operations }
    }

    /// Takes some units as done.
    package mutating func finish(_ kind: WorkKind, units: Int = 1, seconds: Double) {
        guard units > 0 else { return }
        var part = parts[kind] ?? Part()
        part.units = max(0, part.units - units)
        part.paces = part.paces.suffix(19) + [max(0, seconds) / Double(units)]
        parts[kind] = part
    }

    /// What is still to come.
    package var left: Left {
        var left = Left(seconds: 0)
        for kind in WorkKind.allCases {
            guard let part = parts[kind], part.units > 0 else { continue }
            if let pace = part.pace {
                left.seconds += pace * Double(part.units)
            } else if let operations = part.operations, let rate = rate(like: operations) {
                left.seconds += operations * rate * Double(part.units)
                left.isGuessed = true
            } else {
                left.unknown.append(kind)
            }
        }
        return left
    }

    /// Seconds of an operation in the measured kind whose units have most nearly so many.
    private func rate(like operations: Double) -> Double? {
        var nearest: (distance: Double, rate: Double)?
        for kind in WorkKind.allCases {
            guard let part = parts[kind], let own = part.operations, own > 0, let pace = part.pace
            else { continue }
            let distance = abs(own - operations)
            if nearest.map({ distance < $0.distance }) ?? true { nearest = (distance, pace / own) }
        }
        return nearest?.rate
    }
}
