// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization

/// The wish to stop: Ctrl-C once ends the run after the step at hand, twice at once.
package final class Interruption: Sendable {
    private let count = Atomic<Int>(0)

    /// No wish yet.
    package init() {}

    /// Whether somebody asked to stop.
    package var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    /// Asks to stop.
    ///
    /// - Returns: how often that was asked, this time included.
    @discardableResult
    package func request() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Runs `body` with SIGINT and SIGTERM turned into requests; the second one calls `quit`.
    ///
    /// - Parameters:
    ///   - notify: Told once that the run is about to stop.
    ///   - quit: Ends the process; for tests something else.
    package func listening<R>(
        notify: @escaping @Sendable () -> Void,
        quit: @escaping @Sendable () -> Void = { _exit(130) }, _ body: () throws -> R
    ) rethrows -> R {
        let queue = DispatchQueue(label: "interruption", qos: .userInteractive)
        let sources = [SIGINT, SIGTERM].map { number in
            // The default action would end the process before the source sees the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [self] in
                if request() == 1 { notify() } else { quit() }
            }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        }
        return try body()
    }
}
