// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import Dispatch
import Foundation
import Synchronization

/// Loops over independent chunks on several threads.
///
/// Chunks are fixed by the caller's sizes alone, so that no result depends on the number of
/// threads. One level at a time: a loop inside a loop runs on its caller's thread.
public enum Parallel {
    private static let setting = Atomic<Int>(0)
    @TaskLocal private static var isInside = false

    /// Threads that a loop uses: ``setThreadCount(_:)``, else `DR2NET_THREADS`, else the cores.
    public static var threadCount: Int {
        let set = setting.load(ordering: .relaxed)
        return set > 0 ? set : initialThreadCount
    }

    private static let initialThreadCount: Int = {
        let text = ProcessInfo.processInfo.environment["DR2NET_THREADS"]
        return max(1, text.flatMap(Int.init) ?? ProcessInfo.processInfo.activeProcessorCount)
    }()

    /// Sets the number of threads; 0 goes back to the default.
    public static func setThreadCount(_ count: Int) {
        setting.store(max(0, count), ordering: .relaxed)
    }

    /// OpenBLAS runs with one thread always: products are cut into fixed pieces here.
    static let blasIsSerial: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// Threads that a loop over `count` pieces runs on here.
    static func workers(_ count: Int) -> Int { isInside ? min(1, count) : min(threadCount, count) }

    /// Runs `body` once for each index below `count`, in any order, on several threads.
    static func forEach(_ count: Int, _ body: (Int) -> Void) {
        forEach(count, workers: workers(count)) { index, _ in body(index) }
    }

    /// The same on so many threads; `body` takes the number of its thread as well.
    static func forEach(_ count: Int, workers: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
        if workers <= 1 {
            for index in 0..<count { body(index, 0) }
            return
        }
        let next = Counter()
        withoutActuallyEscaping(body) { body in
            let work = UncheckedWork(body: body)
            DispatchQueue.concurrentPerform(iterations: workers) { worker in
                $isInside.withValue(true) {
                    while true {
                        let index = next.take()
                        if index >= count { return }
                        work.body(index, worker)
                    }
                }
            }
        }
    }

    /// Runs `body` over `0..<count` cut into ranges of `chunk`, in any order.
    static func forRanges(_ count: Int, chunk: Int, _ body: (Range<Int>) -> Void) {
        let chunk = max(1, chunk)
        let pieces = (count + chunk - 1) / chunk
        forEach(pieces) { piece in body(piece * chunk..<min(count, (piece + 1) * chunk)) }
    }

    /// What `body` gives for `0..<count` cut into ranges of `chunk`, in the ranges' order.
    package static func map<T: Sendable>(
        _ count: Int, chunk: Int, _ body: (Range<Int>) -> T
    ) -> [T] {
        let chunk = max(1, chunk)
        let results = Mutex([T?](repeating: nil, count: (count + chunk - 1) / chunk))
        forRanges(count, chunk: chunk) { range in
            let result = body(range)
            results.withLock { $0[range.lowerBound / chunk] = result }
        }
        return results.withLock { $0.compactMap(\.self) }
    }

    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func take() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
    }

    /// Carries a loop body to the workers; `concurrentPerform` returns before it can escape.
    private struct UncheckedWork: @unchecked Sendable {
        let body: (Int, Int) -> Void
    }
}
