// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// The caching allocator behind every tensor, and the project's measure of memory.
///
/// Live and peak bytes count what tensors asked for. Freed blocks are kept by size class and
/// handed out again, because fresh pages cost more than most kernels; what is kept above
/// ``cacheLimit`` goes back to the system.
package enum StoragePool {
    /// Counted bytes now, and the highest value since the last reset.
    package struct Usage: Sendable, Equatable {
        /// Bytes that live tensors asked for.
        package var live = 0
        /// The largest ``live`` since the last ``StoragePool/resetPeak()``.
        package var peak = 0
        /// Bytes of freed blocks kept for reuse.
        package var cached = 0
    }

    private struct State: ~Copyable {
        var usage = Usage()
        var free: [Int: [UInt]] = [:]
    }

    private static let state = Mutex(State())

    /// Bytes of freed blocks that the pool keeps at most.
    package static let cacheLimit = 192 << 20

    /// The counters.
    package static var usage: Usage { state.withLock { $0.usage } }

    /// Sets the peak to the live bytes.
    package static func resetPeak() {
        state.withLock { $0.usage.peak = $0.usage.live }
    }

    /// Runs `body` and returns its result with the highest live bytes during it.
    ///
    /// - Returns: The result and the peak in bytes above what was live before.
    package static func measure<R>(_ body: () throws -> R) rethrows -> (result: R, peak: Int) {
        let before = state.withLock { state -> Usage in
            let usage = state.usage
            state.usage.peak = usage.live
            return usage
        }
        let result = try body()
        let peak = state.withLock { state -> Int in
            let peak = state.usage.peak
            state.usage.peak = max(before.peak, peak)
            return peak
        }
        return (result, peak - before.live)
    }

    /// Gives every cached block back to the system.
    package static func trim() {
        let blocks = state.withLock { state -> [UInt] in
            let blocks = state.free.values.flatMap { $0 }
            state.free = [:]
            state.usage.cached = 0
            return blocks
        }
        for block in blocks { free(UnsafeMutableRawPointer(bitPattern: block)) }
    }

    /// The block size for a request: four classes between powers of two, 64 bytes at least.
    static func blockSize(_ bytes: Int) -> Int {
        if bytes <= 256 { return (max(bytes, 1) + 63) & ~63 }
        let power = Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount
        let step = max(64, 1 << (power - 3))
        return (bytes + step - 1) / step * step
    }

    static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        let size = blockSize(bytes)
        let reused = state.withLock { state -> UInt? in
            state.usage.live += bytes
            state.usage.peak = max(state.usage.peak, state.usage.live)
            guard let block = state.free[size]?.popLast() else { return nil }
            state.usage.cached -= size
            return block
        }
        if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
        var pointer: UnsafeMutableRawPointer?
        if posix_memalign(&pointer, 64, size) != 0 || pointer == nil {
            trim()
            posix_memalign(&pointer, 64, size)
        }
        guard let pointer else {
            fatalError("out of memory: a tensor of \(bytes) bytes; live \(usage.live) bytes")
        }
        return pointer
    }

    static func release(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
        let size = blockSize(bytes)
        let kept = state.withLock { state -> Bool in
            state.usage.live -= bytes
            guard state.usage.cached + size <= cacheLimit else { return false }
            state.free[size, default: []].append(UInt(bitPattern: pointer))
            state.usage.cached += size
            return true
        }
        if !kept { free(pointer) }
    }
}
