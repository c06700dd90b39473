// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization

/// Numbered jobs done by several threads, with the same values for any number of threads.
package final class Jobs<Value: Sendable>: Sendable {
    private struct State {
        var next = 0
        var running: Int
        var isStopped = false
        var ended: [(number: Int, result: Result<Value, any Error>)] = []
    }

    private let count: Int
    private let state: Mutex<State>
    private let events = DispatchSemaphore(value: 0)

    private init(count: Int, threads: Int) {
        self.count = count
        state = Mutex(State(running: threads))
    }

    /// Does the jobs 0 to `count` − 1.
    ///
    /// - Parameters:
    ///   - threads: 1 or more; with one, all jobs run in order on the caller's thread.
    ///   - makeWorker: Called once on each thread; the worker may keep what it needs again.
    ///   - ended: Called on the caller's thread for each job as it ends, in any order.
    /// - Returns: The values in the order of the jobs.
    /// - Throws: What `ended` throws, else the error of the first job in order that has one, after
    ///   all threads have ended: as jobs begin in order, that too is the same for any number of
    ///   threads.
    package static func run(
        count: Int, threads: Int,
        makeWorker: @escaping @Sendable () -> (_ number: Int) throws -> Value,
        ended: (_ number: Int, Value) throws -> Void = { _, _ in }
    ) throws -> [Value] {
        precondition(threads > 0, "\(threads) threads")
        let threads = min(threads, count)
        guard threads > 1 else {
            let worker = makeWorker()
            return try (0..<count).map { number in
                let value = try worker(number)
                try ended(number, value)
                return value
            }
        }
        let jobs = Jobs(count: count, threads: threads)
        for _ in 0..<threads {
            let thread = Thread { jobs.work(makeWorker()) }
            thread.name = "dr2net.prepare"
            thread.stackSize = 4 << 20
            thread.start()
        }
        return try jobs.collect(ended)
    }

    private func collect(_ ended: (Int, Value) throws -> Void) throws -> [Value] {
        var values = [Value?](repeating: nil, count: count)
        var failure: (number: Int, error: any Error)?
        func fail(_ number: Int, _ error: any Error) {
            if number < failure?.number ?? .max { failure = (number, error) }
            state.withLock { $0.isStopped = true }
        }
        while true {
            events.wait()
            let (results, isOver) = state.withLock { state in
                defer { state.ended = [] }
                return (state.ended, state.running == 0)
            }
            for (number, result) in results {
                do { values[number] = try result.get() } catch { fail(number, error) }
                // What is done counts, whatever has failed beside it.
                guard let value = values[number], failure?.number != -1 else { continue }
                do { try ended(number, value) } catch { fail(-1, error) }
            }
            if isOver { break }
        }
        if let failure { throw failure.error }
        return values.compactMap(\.self)
    }

    private func work(_ worker: (Int) throws -> Value) {
        while let number = takeNext() {
            let result = Result { try worker(number) }
            state.withLock { $0.ended.append((number, result)) }
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
