// SPDX-License-Identifier: Apache-2.0

/// Dropout of attention weights behind the softmax (Vaswani et al., 2017): a function of key, sample,
/// head, query and key token, so that the backward pass draws the same and a tile that of its batch.
package struct AttentionDropout: Sendable, Hashable {
    /// The share that becomes 0, in [0, 1).
    package let rate: Double
    /// Where draws come from.
    package let key: RandomKey
    /// The number of the first sample, where the input is a tile of a batch.
    package let firstSample: Int

    /// A dropout.
    package init(rate: Double, key: RandomKey, firstSample: Int = 0) {
        precondition(rate >= 0 && rate < 1, "attention dropout of \(rate)")
        self.rate = rate
        self.key = key
        self.firstSample = firstSample
    }

    /// Drops weights of a tile `[rows, keys]` in place and divides the others by 1 - rate.
    ///
    /// - Parameters:
    ///   - head: The head's number among those of its sample, and how many there are.
    ///   - first: The tile's first query.
    ///   - tokens: Tokens of a sample.
    func apply(
        to weights: UnsafeMutableRawPointer, _ dtype: DType, sample: Int,
        head: (index: Int, count: Int), first: Int, rows: Int, keys: Range<Int>, tokens: Int
    ) {
        let plane = (firstSample + sample) * head.count + head.index
        let bound = UInt32(min(rate * 0x1p32, 0x1p32 - 1))
        func drop<Scalar: BinaryFloatingPoint>(_ type: Scalar.Type) {
            let values = unsafe weights.assumingMemoryBound(to: Scalar.self)
            let factor = Scalar(1 / (1 - rate))
            // A draw serves four neighbouring keys of a query; queries begin with a draw of their own.
            let draws = (tokens + 3) / 4
            for row in 0..<rows {
                let start = UInt64((plane * tokens + first + row) * draws)
                let line = unsafe values + row * keys.count - keys.lowerBound
                for draw in keys.lowerBound / 4..<(keys.upperBound + 3) / 4 {
                    let four = key.words(start + UInt64(draw))
                    let words = SIMD4(four.0, four.1, four.2, four.3)
                    for lane in 0..<4 where keys.contains(4 * draw + lane) {
                        let place = 4 * draw + lane
                        unsafe line[place] = unsafe words[lane] < bound ? 0 : line[place] * factor
                    }
                }
            }
        }
        switch dtype {
        case .float32: drop(Float.self)
        case .float64: drop(Double.self)
        }
    }
}
