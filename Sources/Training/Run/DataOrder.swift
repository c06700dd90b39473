// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The order in which samples are seen: a pure function of the seed and the position.
///
/// The epochs' random permutations stand one behind the other and batches are cut from that
/// stream, so no sample is dropped and the place in it is one number.
package struct DataOrder: Sendable, Equatable {
    /// The number of samples.
    package let sampleCount: Int
    private let key: RandomKey

    /// An order of `sampleCount` samples, at least one.
    package init(sampleCount: Int, seed: UInt64) {
        precondition(sampleCount > 0, "an order of \(sampleCount) samples")
        self.sampleCount = sampleCount
        key = RandomKey(seed: seed).child("data order")
    }

    /// The pass over the samples that a position lies in.
    package func epoch(at position: Int) -> Int { position / sampleCount }

    /// The samples of an epoch in order.
    package func permutation(epoch: Int) -> [Int] { key.child(epoch).permutation(sampleCount) }

    /// The samples at positions `range` of the stream.
    package func samples(_ range: Range<Int>) -> [Int] {
        guard !range.isEmpty else { return [] }
        let epochs = epoch(at: range.lowerBound)...epoch(at: range.upperBound - 1)
        return epochs.flatMap { epoch -> [Int] in
            let first = epoch * sampleCount
            let part = range.clamped(to: first..<first + sampleCount)
            return permutation(epoch: epoch)[(part.lowerBound - first)..<(part.upperBound - first)]
                .map { $0 }
        }
    }
}
