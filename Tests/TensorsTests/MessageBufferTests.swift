// SPDX-License-Identifier: Apache-2.0
import Tensors
import Testing

@Suite("MessageBuffer") struct MessageBufferTests {
    @Test("tensors come out as they went in", arguments: [DType.float32, .float64])
    func keepsBits(dtype: DType) {
        let first = Tensor(normal: [3, 5], key: RandomKey(seed: 1), dtype: dtype)
        let second = Tensor(normal: [7], key: RandomKey(seed: 2), dtype: dtype)
        let buffer = MessageBuffer(count: 23, dtype: dtype)
        buffer.fill(0, 0..<1)
        buffer.copy(first, at: 1)
        buffer.copy(second, at: 16)
        #expect(buffer.tensor(at: 1, shape: [3, 5]).doubles == first.doubles)
        #expect(buffer.tensor(at: 16, shape: [7]).doubles == second.doubles)
        #expect(!buffer.isPositive(at: 0))
        unsafe #expect(buffer.bytes.count == 23 * (dtype == .float32 ? 4 : 8))
    }

    @Test("a sum is that of tensors, and -0.0 changes none of its bits")
    func addsInPlace() {
        let values: [Float] = [1.5, -0.0, 0.0, -2.25, .infinity]
        let sum = MessageBuffer(count: 5, dtype: .float32)
        sum.copy(Tensor(values, shape: [5]), at: 0)
        let nothing = MessageBuffer(count: 5, dtype: .float32)
        nothing.fill(-0.0, 0..<5)
        sum.add(nothing)
        let same = sum.tensor(at: 0, shape: [5]).floats
        #expect(same.map(\.bitPattern) == values.map(\.bitPattern))
        sum.add(sum)
        #expect(sum.tensor(at: 0, shape: [5]).floats == values.map { $0 + $0 })
    }
}
