// SPDX-License-Identifier: Apache-2.0
import Foundation

/// How operations reach the memory. Nothing here leaves this module.
///
/// In a dry run outputs are made and counted, and no `body` that would write is called.
extension Tensor {
    /// Runs `body` with the address of the first scalar; of zeros where a dry run has none.
    func read<R>(_ body: (UnsafeRawPointer) throws -> R) rethrows -> R {
        guard storage.isDry else {
            return try withExtendedLifetime(storage) {
                try unsafe body(UnsafeRawPointer(storage.pointer) + offset * dtype.byteSize)
            }
        }
        guard let zeros = unsafe calloc(byteCount + 8, 1) else {
            preconditionFailure("no memory for \(byteCount) zeros")
        }
        defer { unsafe free(zeros) }
        return try unsafe body(zeros)
    }

    /// Runs `body` with the writable address of the first scalar, copying shared storage first.
    mutating func write(_ body: (UnsafeMutableRawPointer) throws -> Void) rethrows {
        let isDry = DryRun.isActive
        // A dry run leaves alone what has values.
        if !isKnownUniquelyReferenced(&storage) || isDry && !storage.isDry {
            let copy = TensorStorage(byteCount: byteCount)
            if !isDry {
                unsafe read { unsafe copy.pointer.copyMemory(from: $0, byteCount: byteCount) }
            }
            self = Tensor(shape: shape, dtype: dtype, storage: copy, offset: 0)
        }
        if isDry { return }
        try withExtendedLifetime(storage) {
            try unsafe body(storage.pointer + offset * dtype.byteSize)
        }
    }

    /// A new tensor whose every scalar `body` writes, reading the inputs' memory.
    static func make(
        _ shape: [Int], _ dtype: DType, reading inputs: [Tensor] = [],
        _ body: (_ output: UnsafeMutableRawPointer, _ inputs: [UnsafeRawPointer]) throws -> Void
    ) rethrows -> Tensor {
        let output = Tensor(uninitialized: shape, dtype: dtype)
        try unsafe withPointers(inputs) { try unsafe body(output.storage.pointer, $0) }
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

    /// Runs `body` with the addresses of the tensors' first scalars; not in a dry run.
    static func withPointers(
        _ tensors: [Tensor], _ body: ([UnsafeRawPointer]) throws -> Void
    ) rethrows {
        if DryRun.isActive { return }
        try withExtendedLifetime(tensors) {
            try unsafe body(
                tensors.map {
                    unsafe UnsafeRawPointer($0.storage.pointer) + $0.offset * $0.dtype.byteSize
                })
        }
    }
}
