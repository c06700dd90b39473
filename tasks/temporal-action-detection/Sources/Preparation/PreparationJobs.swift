// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization

/// Numbered jobs done by several threads, each told of on the caller's thread as it ends.
final class PreparationJobs<Outcome: Sendable>: Sendable {
    private struct State {
        var next = 0
        var running: Int
        var isStopped = false
        var finished: [(number: Int, result: Result<Outcome, any Error>)] = []
    }

    private let count: Int
    private let state: Mutex<State>
    private let events = DispatchSemaphore(value: 0)

    private init(count: Int, workers: Int) {
        self.count = count
        state = Mutex(State(running: workers))
    }

    /// Does the jobs 0 to `count` − 1.
    ///
    /// - Parameters:
    ///   - workers: Threads, 1 or more; with one, jobs end in order.
    ///   - makeWorker: Called once on each thread; the worker may keep what it needs again.
    ///   - each: Called on the caller's thread for each job that ended.
    /// - Throws: The first error of a worker or of `each`, after all threads have ended.
    static func run(
        count: Int, workers: Int,
        makeWorker: @escaping @Sendable () -> (_ number: Int) throws -> Outcome,
        each: (_ number: Int, Outcome) throws -> Void
    ) throws {
        precondition(workers > 0, "\(workers) workers")
        let jobs = PreparationJobs(count: count, workers: workers)
        for _ in 0..<workers {
            let thread = Thread { jobs.work(makeWorker()) }
            thread.name = "dr2net.prepare"
            thread.stackSize = 4 << 20
            thread.start()
        }
        var failure: (any Error)?
        while true {
            jobs.events.wait()
            let (finished, isOver) = jobs.state.withLock { state in
                defer { state.finished = [] }
                return (state.finished, state.running == 0)
            }
            for (number, result) in finished where failure == nil {
                do {
                    try each(number, result.get())
                } catch {
                    failure = error
                    jobs.state.withLock { $0.isStopped = true }
                }
            }
            if isOver { break }
        }
        if let failure { throw failure }
    }

    private func work(_ worker: (Int) throws -> Outcome) {
        while let number = takeNext() {
            let result = Result { try worker(number) }
            state.withLock { $0.finished.append((number, result)) }
            events.signal()
        }
        state.withLock { $0.running -= 1 }
        events.signal()
    }

    private func takeNext() -> Int? {
        state.withLock { state in
            guard !state.isStopped, state.next < count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
