// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation
import Synchronization

/// The allocator behind every tensor, and the project's measure of memory.
///
/// Live and peak bytes count what tensors asked for. Fresh pages cost more than most kernels, so
/// freed memory is kept: large blocks are cut from a region of addresses, best fit, and merged with
/// their free neighbours again, so that tensors of any sizes can take each other's place; small ones
/// are kept by size class. The region's pages are touched as far as the largest need so far and
/// little beyond.
public enum StoragePool {
    /// Counted bytes now, and the highest value since the last reset.
    public struct Usage: Sendable, Equatable {
        /// Bytes that live tensors asked for.
        public var live = 0
        /// The largest ``live`` since the last ``StoragePool/resetPeak()``.
        public var peak = 0
        /// Bytes that were in use once and are kept for reuse.
        public var cached = 0
    }

    private struct State: ~Copyable {
        var live = 0
        var peak = 0
        var free = FreeRanges()
        /// The highest address of the newest region that was handed out since the last trim.
        var frontier: UInt = 0
        /// The newest region's end.
        var regionEnd: UInt = 0
        var small: [Int: [UInt]] = [:]
        var smallCached = 0

        mutating func take(_ size: Int) -> UInt? {
            guard let address = free.take(size) else { return nil }
            if address < regionEnd { frontier = max(frontier, address + UInt(size)) }
            return address
        }

        /// What is free below the frontier: touched once, and kept.
        var cached: Int {
            free.byteCount - Int(regionEnd - min(regionEnd, frontier)) + smallCached
        }
    }

    private static let state = Mutex(State())
    /// Stands for the mutex before the thread sanitizer.
    private static let lock = UInt(
        bitPattern: UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8))

    private static func locked<R: Sendable>(_ body: (inout State) -> R) -> R {
        state.withLock { state in
            unsafe dr_after_lock(UnsafeMutableRawPointer(bitPattern: lock))
            defer { unsafe dr_before_unlock(UnsafeMutableRawPointer(bitPattern: lock)) }
            return body(&state)
        }
    }

    /// Blocks from this size on come from the region.
    private static let largeSize = 1 << 18
    private static let pageSize = 1 << 12
    /// Cached bytes of small blocks.
    private static let smallLimit = 64 << 20

    /// The counters; in a ``DryRun`` what that one counted.
    public static var usage: Usage {
        if DryRun.isActive {
            let dry = DryRun.usage
            return Usage(live: dry.live, peak: dry.peak)
        }
        return locked { Usage(live: $0.live, peak: $0.peak, cached: max(0, $0.cached)) }
    }

    /// Sets the peak to the live bytes.
    public static func resetPeak() {
        if let run = DryRun.current { return run.resetPeak() }
        locked { $0.peak = $0.live }
    }

    /// Runs `body` and returns its result with the highest live bytes during it.
    ///
    /// - Returns: The result and the peak in bytes above what was live before.
    public static func measure<R>(_ body: () throws -> R) rethrows -> (result: R, peak: Int) {
        let before = locked { state -> Usage in
            defer { state.peak = state.live }
            return Usage(live: state.live, peak: state.peak)
        }
        let result = try body()
        let peak = locked { state -> Int in
            let peak = state.peak
            state.peak = max(before.peak, peak)
            return peak
        }
        return (result, peak - before.live)
    }

    /// Gives the pages of everything that is free back to the system, and what the C library keeps
    /// of freed memory: tens of MiB after weights were read or drawn.
    package static func trim() {
        let small = locked { state -> [UInt] in
            for range in state.free.ranges {
                // Untouched addresses have no pages.
                let end =
                    state.regionEnd == range.upperBound
                    ? min(range.upperBound, max(range.lowerBound, state.frontier))
                    : range.upperBound
                if end > range.lowerBound {
                    unsafe madvise(
                        UnsafeMutableRawPointer(bitPattern: range.lowerBound),
                        Int(end - range.lowerBound), MADV_DONTNEED)
                }
            }
            if let last = state.free.ranges.last, last.upperBound == state.regionEnd {
                state.frontier = last.lowerBound
            }
            let blocks = state.small.values.flatMap(\.self)
            state.small = [:]
            state.smallCached = 0
            return blocks
        }
        for address in small { unsafe free(UnsafeMutableRawPointer(bitPattern: address)) }
        dr_trim_heap()
    }

    /// The block size for a request: eight classes between powers of two, 64 bytes at least; whole
    /// pages for large ones.
    package static func blockSize(_ bytes: Int) -> Int {
        if bytes <= 256 { return (max(bytes, 1) + 63) & ~63 }
        if bytes >= largeSize { return (bytes + pageSize - 1) / pageSize * pageSize }
        let power = Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount
        let step = max(64, 1 << (power - 3))
        return min(largeSize, (bytes + step - 1) / step * step)
    }

    static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        let size = blockSize(bytes)
        let address = locked { state -> UInt? in
            state.live += bytes
            state.peak = max(state.peak, state.live)
            if bytes < largeSize {
                let block = state.small[size]?.popLast()
                if block != nil { state.smallCached -= size }
                return block
            }
            if let address = state.take(size) { return address }
            return addRegion(size, &state) ? state.take(size) : nil
        }
        if let address, let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address) {
            return unsafe pointer
        }
        var pointer: UnsafeMutableRawPointer?
        if bytes < largeSize, unsafe posix_memalign(&pointer, 64, size) == 0,
            let address = unsafe pointer
        {
            return unsafe address
        }
        fatalError("out of memory: a tensor of \(bytes) bytes; live \(usage.live) bytes")
    }

    static func release(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
        let size = blockSize(bytes), address = UInt(bitPattern: pointer)
        let isKept = locked { state -> Bool in
            state.live -= bytes
            if bytes >= largeSize {
                state.free.give(address, size)
                return true
            }
            guard state.smallCached + size <= smallLimit else { return false }
            state.small[size, default: []].append(address)
            state.smallCached += size
            return true
        }
        if !isKept { unsafe free(pointer) }
    }

    /// Reserves addresses for blocks of `size` and more.
    ///
    /// Pages come when they are touched, so twice the machine's memory costs nothing; where
    /// addresses are limited (`ulimit -v`), piece by piece, since others need some too.
    private static func addRegion(_ size: Int, _ state: inout State) -> Bool {
        for wanted in [2 * Int(ProcessInfo.processInfo.physicalMemory), regionSize, 0] {
            let length =
                (max(wanted, size) + hugePageSize - 1) / hugePageSize * hugePageSize
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
            let pointer = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0)
            guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else { continue }
            // Huge pages where the system has them: a fault in 2 MiB instead of in 4 KiB.
            unsafe madvise(pointer, length, MADV_HUGEPAGE)
            let start = UInt(bitPattern: pointer)
            state.free.give(start, length)
            state.frontier = start
            state.regionEnd = start + UInt(length)
            return true
        }
        return false
    }

    private static let regionSize = 1 << 26
    private static let hugePageSize = 1 << 21
}
