// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation
import Synchronization

/// The caching allocator behind every tensor, and the project's measure of memory.
///
/// Live and peak bytes count what tensors asked for. Freed blocks are kept by size class and
/// handed out again, because fresh pages cost more than most kernels. Live and kept blocks
/// together stay below the largest live bytes so far and 32 MiB; what is above goes back to the
/// system.
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
        /// Bytes of the blocks behind live tensors: what they asked for, rounded up to block sizes.
        var held = 0
        /// The largest ``held`` ever: live and cached blocks stay below it and the slack.
        var highWater = 0
        var free: [Int: [UInt]] = [:]

        /// Cached blocks that a new one would push above the high-water mark.
        mutating func takeSurplus() -> [Block] {
            var surplus: [Block] = []
            let limit = max(highWater + StoragePool.slack, StoragePool.cacheFloor)
            while usage.cached > 0, held + usage.cached > limit {
                guard
                    let size = free.keys.max(by: { a, b in
                        (free[a]?.isEmpty ?? true ? 0 : a) < (free[b]?.isEmpty ?? true ? 0 : b)
                    }), let address = free[size]?.popLast()
                else { break }
                usage.cached -= size
                surplus.append(Block(address: address, size: size))
            }
            return surplus
        }
    }

    private static let state = Mutex(State())

    /// Live and cached bytes below which nothing is given back.
    private static let cacheFloor = 64 << 20
    /// Cached bytes beyond the high-water mark: at the peak of a step, tiles of several sizes come
    /// and go, and a block given back costs its page faults again.
    private static let slack = 32 << 20

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

    /// Gives every cached block back to the system, and what the C library keeps of freed memory:
    /// tens of MiB after weights were read or drawn.
    package static func trim() {
        let blocks = state.withLock { state -> [Block] in
            let blocks = state.free.flatMap { size, addresses in
                addresses.map { Block(address: $0, size: size) }
            }
            state.free = [:]
            state.usage.cached = 0
            return blocks
        }
        for block in blocks { block.unmap() }
        dr_trim_heap()
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
        let (reused, surplus) = state.withLock { state -> (UInt?, [Block]) in
            state.usage.live += bytes
            state.usage.peak = max(state.usage.peak, state.usage.live)
            state.held += size
            state.highWater = max(state.highWater, state.held)
            if let block = state.free[size]?.popLast() {
                state.usage.cached -= size
                return (block, [])
            }
            return (nil, state.takeSurplus())
        }
        for block in surplus { block.unmap() }
        if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
        if let pointer = map(size) { return pointer }
        trim()
        guard let pointer = map(size) else {
            fatalError("out of memory: a tensor of \(bytes) bytes; live \(usage.live) bytes")
        }
        return pointer
    }

    static func release(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
        let block = Block(address: UInt(bitPattern: pointer), size: blockSize(bytes))
        let kept = state.withLock { state -> Bool in
            state.usage.live -= bytes
            state.held -= block.size
            let limit = max(state.highWater + slack, cacheFloor)
            guard state.held + state.usage.cached + block.size <= limit else { return false }
            state.free[block.size, default: []].append(block.address)
            state.usage.cached += block.size
            return true
        }
        if !kept { block.unmap() }
    }

    /// Blocks from this size on are mapped on their own, so that giving one back is certain to
    /// lower the resident set.
    private static let mappedSize = 1 << 18

    private static let hugePageSize = 1 << 21

    private static func map(_ size: Int) -> UnsafeMutableRawPointer? {
        if size < mappedSize {
            var pointer: UnsafeMutableRawPointer?
            return posix_memalign(&pointer, 64, size) == 0 ? pointer : nil
        }
        let pointer = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pointer, pointer != MAP_FAILED else { return nil }
        // Huge pages where the system has them: a fault in 2 MiB instead of in 4 KiB.
        if size >= hugePageSize { madvise(pointer, size, MADV_HUGEPAGE) }
        return pointer
    }

    fileprivate struct Block {
        let address: UInt
        let size: Int

        func unmap() {
            guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else { return }
            if size < StoragePool.mappedSize { free(pointer) } else { munmap(pointer, size) }
        }
    }
}
