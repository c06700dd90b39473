// SPDX-License-Identifier: Apache-2.0
import Tensors

extension TensorValue {
    /// The elements at the given strides, row-major.
    ///
    /// - Precondition: the span of shape and strides lies inside the array.
    func gathered(shape: [Int], strides: [Int]) -> TensorValue {
        let count = shape.reduce(1, *)
        func gather<T>(_ from: UnsafeBufferPointer<T>, _ to: UnsafeMutableBufferPointer<T>) {
            unsafe Strided.gather(from, offset: 0, shape: shape, strides: strides, into: to)
        }
        func gathered<T>(_ values: [T]) -> [T] {
            unsafe values.withUnsafeBufferPointer { from in
                unsafe [T](unsafeUninitializedCapacity: count) { target, initialized in
                    unsafe gather(from, UnsafeMutableBufferPointer(rebasing: target[..<count]))
                    initialized = count
                }
            }
        }
        switch self {
        case .tensor(let tensor) where tensor.dtype == .float32:
            return unsafe .tensor(
                tensor.withFloats { from in unsafe Tensor(shape: shape) { unsafe gather(from, $0) }
                })
        case .tensor(let tensor):
            return unsafe .tensor(
                tensor.withDoubles { from in
                    unsafe Tensor(shape: shape, fillingDoubles: { unsafe gather(from, $0) })
                })
        case .integers(let array): return .integers(.init(gathered(array.values), shape: shape))
        case .bytes(let array): return .bytes(.init(gathered(array.bytes), shape: shape))
        }
    }
}
