import Tensors
// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite("Parallel loops") struct ParallelTests {
    @Test(arguments: [0, 1, 7, 8, 9, 1000]) func resultsKeepTheRangesOrder(count: Int) {
        exclusively {
            for threads in [1, 3] {
                Parallel.setThreadCount(threads)
                let ranges = Parallel.map(count, chunk: 8) { $0 }
                #expect(ranges.flatMap { Array($0) } == Array(0..<count))
                #expect(ranges.dropLast().allSatisfy { $0.count == 8 })
            }
            Parallel.setThreadCount(0)
        }
    }
}
