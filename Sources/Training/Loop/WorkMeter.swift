// SPDX-License-Identifier: Apache-2.0
package import Console

/// What a run has to do beside its steps, and what its parts cost beside each other.
package struct Workload: Sendable, Equatable {
    /// What features and evaluations count: "frames", "images".
    package var noun: String
    /// Units whose features are still to be computed, once.
    package var features: Int
    /// Units of one evaluation, every form of the network counted.
    package var evaluation: Int
    /// Operations of a step or of a unit, as far as they are known.
    package var operations: [WorkKind: Double]

    /// A workload.
    package init(
        noun: String = "samples", features: Int = 0, evaluation: Int = 0,
        operations: [WorkKind: Double] = [:]
    ) {
        self.noun = noun
        self.features = features
        self.evaluation = evaluation
        self.operations = operations
    }
}

/// Where a task tells of its work inside a step or an evaluation, for the progress line.
package final class WorkMeter {
    /// Told of units that are done, and the seconds since the ones before.
    var observer: ((_ kind: WorkKind, _ units: Int, _ seconds: Double) -> Void)?
    private let now: () -> Double

    /// A meter that nobody reads yet.
    ///
    /// - Parameter now: Seconds of a clock that only goes forward.
    package init(now: @escaping () -> Double = ProgressLine.seconds) { self.now = now }

    /// Runs `body`, which tells of every few units that it has done.
    package func measure<R>(
        _ kind: WorkKind, _ body: (_ done: (_ units: Int) -> Void) throws -> R
    ) rethrows -> R {
        var last = now()
        return try body { units in
            guard units > 0 else { return }
            let time = self.now()
            self.observer?(kind, units, time - last)
            last = time
        }
    }
}
