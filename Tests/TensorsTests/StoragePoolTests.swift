// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("free ranges")
struct FreeRangesTests {
    @Test("the smallest range that fits is taken, the lowest among equals")
    func bestFit() {
        var free = FreeRanges()
        for (address, size) in [(1000, 100), (2000, 50), (3000, 60), (4000, 50)] {
            free.give(UInt(address), size)
        }
        #expect(free.take(50) == 2000)
        #expect(free.take(45) == 4000)
        #expect(free.take(60) == 3000)
        #expect(free.take(101) == nil)
        #expect(free.ranges == [1000..<1100, 4045..<4050])
        #expect(free.byteCount == 105)
    }

    @Test("neighbours are merged on either side")
    func merges() {
        var free = FreeRanges()
        for address in [10, 30, 20, 50, 40] { free.give(UInt(address), 10) }
        #expect(free.ranges == [10..<60])
        #expect(free.take(50) == 10 && free.ranges.isEmpty && free.byteCount == 0)
    }

    @Test("no two blocks overlap and everything comes back, in any order")
    func randomUse() {
        let key = RandomKey(seed: 3)
        var free = FreeRanges()
        free.give(4096, 1 << 20)
        var taken: [(address: UInt, size: Int)] = []
        for turn in 0..<4000 {
            let draw = key.child(turn)
            if draw.uniform(0) < 0.55 {
                let size = 1 + Int(draw.uniform(1) * 9000)
                if let address = free.take(size) { taken.append((address, size)) }
            } else if !taken.isEmpty {
                let block = taken.remove(at: Int(draw.uniform(1) * Double(taken.count)))
                free.give(block.address, block.size)
            }
        }
        let sorted = taken.sorted { $0.address < $1.address }
        #expect(taken.count > 20)
        #expect(
            zip(sorted, sorted.dropFirst()).allSatisfy { $0.address + UInt($0.size) <= $1.address })
        let used = taken.reduce(0) { $0 + $1.size }
        #expect(free.byteCount == 1 << 20 - used)
        for block in taken { free.give(block.address, block.size) }
        #expect(free.ranges == [4096..<4096 + 1 << 20])
    }

    @Test("addresses given back twice stop")
    func doubleFreeTraps() async {
        await #expect(processExitsWith: .failure) {
            var free = FreeRanges()
            free.give(100, 50)
            free.give(120, 10)
        }
    }
}

@Suite("storage pool", .serialized)
struct StoragePoolTests {
    @Test func countsWhatTensorsAskFor() {
        exclusively {
            let before = StoragePool.usage.live
            let (held, peak) = StoragePool.measure { () -> Tensor in
                let a = Tensor(zeros: [1 << 20])
                _ = Tensor(zeros: [1 << 21])
                return a
            }
            #expect(peak == 3 * 4 << 20)
            #expect(StoragePool.usage.live == before + held.byteCount)
        }
    }

    @Test("tensors of other sizes take the place of freed ones")
    func freedMemoryIsReused() {
        exclusively {
            StoragePool.trim()
            let before = StoragePool.usage.cached
            for count in [8, 7, 3, 5, 8, 1] {
                let parts = (0..<count).map { _ in Tensor(zeros: [(8 << 20) / count]) }
                #expect(parts.count == count)
            }
            // Whole pages, so that a part in three is up to a page larger.
            #expect(StoragePool.usage.cached - before <= 4 * (8 << 20) + 8 << 12)
            StoragePool.trim()
            #expect(StoragePool.usage.cached <= before)
        }
    }

    @Test("blocks hold what was asked for, aligned to cache lines")
    func blockSizes() {
        for bytes in [0, 1, 64, 65, 256, 257, 5000, 262_143, 262_144, 262_145, 99_999_999] {
            #expect(StoragePool.blockSize(bytes) >= bytes && StoragePool.blockSize(bytes) % 64 == 0)
        }
        #expect(StoragePool.blockSize(262_143) == 262_144)
        #expect(StoragePool.blockSize(262_145) == 262_144 + 4096)
    }

    @Test("what was freed is zero again where zeros are asked for")
    func zerosAreZeros() {
        for size in [100, 70_000, 1 << 20] {
            do { _ = Tensor(repeating: 7, shape: [size]) }
            #expect(Tensor(zeros: [size]).sum() == 0)
        }
    }
}
