// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// Features of one level of the pyramid, of which each sample's first positions are real.
struct MaskedSequence {
    /// `[B, T, C]`.
    var values: Variable
    /// Real positions of each sample.
    let lengths: [Int]

    /// The same positions with other values.
    func with(_ values: Variable) -> MaskedSequence {
        MaskedSequence(values: values, lengths: lengths)
    }

    /// The values with zeros in place of those that aren't real.
    func masked(_ values: Variable) -> Variable {
        let (batch, length, width) = (values.shape[0], values.shape[1], values.shape[2])
        if lengths.allSatisfy({ $0 == length }) { return values }
        var factors = [Double](repeating: 0, count: batch * length)
        for (sample, count) in lengths.enumerated() {
            for position in sample * length..<sample * length + count { factors[position] = 1 }
        }
        let mask = Tensor(factors, shape: [batch * length], dtype: values.tensor.dtype)
        return values.reshaped(to: [batch * length, width]).scalingRows(by: mask)
            .reshaped(to: values.shape)
    }

    /// The sequence with every second position, values aside.
    func halved(_ values: Variable) -> MaskedSequence {
        MaskedSequence(values: values, lengths: lengths.map { ($0 + 1) / 2 })
    }
}
