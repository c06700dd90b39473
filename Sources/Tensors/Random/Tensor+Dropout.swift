// SPDX-License-Identifier: Apache-2.0

/// Random zeros.
extension Tensor {
    /// Each scalar divided by 1 - rate where it stays, 0 with probability `rate` (Srivastava et
    /// al., JMLR 2014): a function of the key and the place, so that the mask needn't be kept.
    ///
    /// - Parameter rate: In [0, 1).
    package func droppingOut(rate: Double, key: RandomKey) -> Tensor {
        precondition(rate >= 0 && rate < 1, "dropout of \(rate)")
        let bound = UInt32(min(rate * 0x1p32, 0x1p32 - 1)), factor = 1 / (1 - rate)
        return unsafe .make(shape, dtype, reading: [self]) { output, input in
            func fill<Scalar: BinaryFloatingPoint>(_ type: Scalar.Type) {
                let x = unsafe input[0].assumingMemoryBound(to: Scalar.self)
                let y = unsafe output.bindMemory(to: Scalar.self, capacity: count)
                let factor = Scalar(factor)
                Parallel.forRanges(count, chunk: 1 << 14) { range in
                    // A draw has four words; chunks are multiples of four.
                    for place in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
                        let draw = key.words(UInt64(place / 4))
                        let words = SIMD4(draw.0, draw.1, draw.2, draw.3)
                        for lane in 0..<min(4, range.upperBound - place) {
                            unsafe y[place + lane] =
                                unsafe words[lane] < bound ? 0 : x[place + lane] * factor
                        }
                    }
                }
            }
            switch dtype {
            case .float32: fill(Float.self)
            case .float64: fill(Double.self)
            }
        }
    }
}
