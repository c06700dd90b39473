// SPDX-License-Identifier: Apache-2.0
import Tensors

extension TensorValue {
    /// The elements at the given strides, row-major.
    ///
    /// - Precondition: the span of shape and strides lies inside the array.
    func gathered(shape: [Int], strides: [Int]) -> TensorValue {
        let count = shape.reduce(1, *)
        func gather<T>(_ from: UnsafeBufferPointer<T>, _ to: UnsafeMutableBufferPointer<T>) {
            Strided.gather(from, offset: 0, shape: shape, strides: strides, into: to)
        }
        func gathered<T>(_ values: [T]) -> [T] {
            values.withUnsafeBufferPointer { from in
                [T](unsafeUninitializedCapacity: count) { target, initialized in
                    gather(from, UnsafeMutableBufferPointer(rebasing: target[..<count]))
                    initialized = count
                }
            }
        }
        switch self {
        case .tensor(let tensor) where tensor.dtype == .float32:
            return .tensor(tensor.withFloats { from in Tensor(shape: shape) { gather(from, $0) } })
        case .tensor(let tensor):
            return .tensor(
                tensor.withDoubles { from in
                    Tensor(shape: shape, fillingDoubles: { gather(from, $0) })
                })
        case .integers(let array): return .integers(.init(gathered(array.values), shape: shape))
        case .bytes(let array): return .bytes(.init(gathered(array.bytes), shape: shape))
        }
    }
}
