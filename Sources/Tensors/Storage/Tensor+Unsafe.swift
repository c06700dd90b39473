// SPDX-License-Identifier: Apache-2.0

/// How operations reach the memory. Nothing here leaves this module.
extension Tensor {
    /// Runs `body` with the address of the first scalar.
    func read<R>(_ body: (UnsafeRawPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(storage) {
            try unsafe body(UnsafeRawPointer(storage.pointer) + offset * dtype.byteSize)
        }
    }

    /// Runs `body` with the writable address of the first scalar, copying shared storage first.
    mutating func write<R>(_ body: (UnsafeMutableRawPointer) throws -> R) rethrows -> R {
        if !isKnownUniquelyReferenced(&storage) {
            let copy = TensorStorage(byteCount: byteCount)
            unsafe read { unsafe copy.pointer.copyMemory(from: $0, byteCount: byteCount) }
            self = Tensor(shape: shape, dtype: dtype, storage: copy, offset: 0)
        }
        return try withExtendedLifetime(storage) {
            try unsafe body(storage.pointer + offset * dtype.byteSize)
        }
    }

    /// A new tensor whose every scalar `body` writes, reading the inputs' memory.
    static func make(
        _ shape: [Int], _ dtype: DType, reading inputs: [Tensor] = [],
        _ body: (_ output: UnsafeMutableRawPointer, _ inputs: [UnsafeRawPointer]) -> Void
    ) -> Tensor {
        let output = Tensor(uninitialized: shape, dtype: dtype)
        unsafe withPointers(inputs) { unsafe body(output.storage.pointer, $0) }
        return output
    }

    /// New tensors of one type whose every scalar `body` writes, reading the inputs' memory.
    static func make(
        shapes: [[Int]], _ dtype: DType, reading inputs: [Tensor] = [],
        _ body: (_ outputs: [UnsafeMutableRawPointer], _ inputs: [UnsafeRawPointer]) -> Void
    ) -> [Tensor] {
        let outputs = shapes.map { Tensor(uninitialized: $0, dtype: dtype) }
        unsafe withPointers(inputs) {
            unsafe body(outputs.map(unsafe \.storage.pointer), unsafe $0)
        }
        return outputs
    }

    /// Writes this tensor in place, reading the inputs' memory.
    mutating func update(
        reading inputs: [Tensor] = [],
        _ body: (_ output: UnsafeMutableRawPointer, _ inputs: [UnsafeRawPointer]) -> Void
    ) {
        unsafe write { output in unsafe Tensor.withPointers(inputs) { unsafe body(output, $0) } }
    }

    /// Runs `body` with room for `count` scalars, unset.
    static func withScratch(
        _ count: Int, _ dtype: DType, _ body: (UnsafeMutableRawPointer) -> Void
    ) {
        let storage = TensorStorage(byteCount: count * dtype.byteSize)
        withExtendedLifetime(storage) { unsafe body(storage.pointer) }
    }

    static func withPointers(_ tensors: [Tensor], _ body: ([UnsafeRawPointer]) -> Void) {
        withExtendedLifetime(tensors) {
            unsafe body(
                tensors.map {
                    unsafe UnsafeRawPointer($0.storage.pointer) + $0.offset * $0.dtype.byteSize
                })
        }
    }
}
