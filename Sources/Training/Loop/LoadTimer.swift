// SPDX-License-Identifier: Apache-2.0
import Console

/// How long a step waits for its samples: what a task measures, the training loop logs.
package final class LoadTimer {
    private var seconds = 0.0

    /// No seconds yet.
    package init() {}

    /// Runs `body`, which gets samples, and counts its wall time.
    package func measure<R>(_ body: () throws -> R) rethrows -> R {
        let begin = ProgressLine.seconds()
        defer { seconds += ProgressLine.seconds() - begin }
        return try body()
    }

    /// The seconds since the last call, and counts from 0 again.
    package func take() -> Double {
        defer { seconds = 0 }
        return seconds
    }
}
