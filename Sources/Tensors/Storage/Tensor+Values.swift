// SPDX-License-Identifier: Apache-2.0

/// Values into tensors and out of them.
extension Tensor {
    /// A tensor of zeros.
    public init(zeros shape: [Int], dtype: DType = .float32) {
        self = unsafe .make(shape, dtype) { output, _ in
            unsafe output.initializeMemory(
                as: UInt8.self, repeating: 0, count: shape.reduce(1, *) * dtype.byteSize)
        }
    }

    /// A tensor whose scalars are all `value`.
    public init(repeating value: Double, shape: [Int], dtype: DType = .float32) {
        self = unsafe .make(shape, dtype) { output, _ in
            let count = shape.reduce(1, *)
            switch dtype {
            case .float32:
                unsafe output.initializeMemory(
                    as: Float.self, repeating: Float(value), count: count)
            case .float64:
                unsafe output.initializeMemory(as: Double.self, repeating: value, count: count)
            }
        }
    }

    /// A float32 tensor of given values in row-major order.
    public init(_ values: [Float], shape: [Int]) {
        precondition(
            values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
        unsafe self.init(shape: shape) { _ = unsafe $0.initialize(from: values) }
    }

    /// A tensor of given values in row-major order, rounded to `dtype`.
    public init(_ values: [Double], shape: [Int], dtype: DType = .float64) {
        precondition(
            values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
        switch dtype {
        case .float32: self.init(values.map(Float.init), shape: shape)
        case .float64:
            self = unsafe .make(shape, dtype) { output, _ in
                unsafe output.initializeMemory(as: Double.self, from: values, count: values.count)
            }
        }
    }

    /// A float32 tensor that `body` fills, row-major; not in a dry run.
    public init(
        shape: [Int], filling body: (UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows {
        self = try unsafe .make(shape, .float32) { output, _ in
            let count = shape.reduce(1, *)
            let first = unsafe output.bindMemory(to: Float.self, capacity: count)
            try unsafe body(UnsafeMutableBufferPointer(start: first, count: count))
        }
    }

    /// A float64 tensor that `body` fills, row-major; not in a dry run.
    public init(
        shape: [Int], fillingDoubles body: (UnsafeMutableBufferPointer<Double>) throws -> Void
    ) rethrows {
        self = try unsafe .make(shape, .float64) { output, _ in
            let count = shape.reduce(1, *)
            let first = unsafe output.bindMemory(to: Double.self, capacity: count)
            try unsafe body(UnsafeMutableBufferPointer(start: first, count: count))
        }
    }

    /// A copy of the scalars as `Float`; zeros in a dry run.
    public var floats: [Float] {
        switch dtype {
        case .float32: unsafe withFloats { unsafe Array($0) }
        case .float64: unsafe withDoubles { unsafe $0.map(Float.init) }
        }
    }

    /// A copy of the scalars as `Double`; zeros in a dry run.
    public var doubles: [Double] {
        switch dtype {
        case .float32: unsafe withFloats { unsafe $0.map(Double.init) }
        case .float64: unsafe withDoubles { unsafe Array($0) }
        }
    }

    /// The only scalar of a tensor of one element.
    public var item: Double {
        precondition(count == 1, "item of a tensor of shape \(shape)")
        return doubles[0]
    }

    /// Runs `body` over the scalars.
    ///
    /// - Precondition: `dtype == .float32`.
    package func withFloats<R>(
        _ body: (UnsafeBufferPointer<Float>) throws -> R
    ) rethrows -> R {
        precondition(dtype == .float32, "withFloats on a \(dtype) tensor")
        return try unsafe read {
            try unsafe body(
                UnsafeBufferPointer(start: $0.assumingMemoryBound(to: Float.self), count: count))
        }
    }

    /// Runs `body` over the scalars.
    ///
    /// - Precondition: `dtype == .float64`.
    package func withDoubles<R>(
        _ body: (UnsafeBufferPointer<Double>) throws -> R
    ) rethrows -> R {
        precondition(dtype == .float64, "withDoubles on a \(dtype) tensor")
        return try unsafe read {
            try unsafe body(
                UnsafeBufferPointer(start: $0.assumingMemoryBound(to: Double.self), count: count))
        }
    }

    /// Runs `body` over the bytes in memory order (little endian where the machine is).
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try unsafe read { try unsafe body(UnsafeRawBufferPointer(start: $0, count: byteCount)) }
    }

    /// The tensor rounded or widened to another scalar type; itself where the type agrees.
    public func converted(to target: DType) -> Tensor {
        if dtype != target, DryRun.isActive { return Tensor(placeholder: shape, dtype: target) }
        return switch (dtype, target) {
        case (.float32, .float64):
            unsafe withFloats { source in
                unsafe Tensor(
                    shape: shape,
                    fillingDoubles: { output in
                        for i in 0..<count { unsafe output[i] = unsafe Double(source[i]) }
                    })
            }
        case (.float64, .float32):
            unsafe withDoubles { source in
                unsafe Tensor(
                    shape: shape,
                    filling: { output in
                        for i in 0..<count { unsafe output[i] = unsafe Float(source[i]) }
                    })
            }
        default: self
        }
    }
}
