// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Foundation
package import Regions
import Tensors

/// Segments as weighted shifts of centre and logarithm of length from an anchor.
///
/// The code of Faster R-CNN (Ren et al., NeurIPS 2015) in one dimension, with VSGN's weights.
package struct SegmentCoder: Sendable {
    /// The weight of the centre's shift.
    package var centreWeight = 10.0
    /// The weight of the length's logarithm.
    package var lengthWeight = 5.0
    /// The largest logarithm of a growth.
    package var largestGrowth = log(1000.0 / 16)
    /// What is added to `end - start` to give a length: 1 for inclusive ends, else 0.
    package var lengthOffset: Double

    /// A coder for a length convention.
    package init(lengthOffset: Double) { self.lengthOffset = lengthOffset }

    private func length(_ segment: Segment) -> Double {
        segment.end - segment.start + lengthOffset
    }

    /// The code of a segment against an anchor: (centre, length).
    package func encode(_ segment: Segment, anchor: Segment) -> (Double, Double) {
        let width = length(anchor)
        return (
            centreWeight * (segment.centre - anchor.centre) / width,
            lengthWeight * log(length(segment) / width)
        )
    }

    /// The segment of a code.
    package func decode(_ code: (Double, Double), anchor: Segment) -> Segment {
        let width = length(anchor)
        let centre = anchor.centre + code.0 / centreWeight * width
        let half = (width * exp(min(code.1 / lengthWeight, largestGrowth)) - lengthOffset) / 2
        return Segment(start: centre - half, end: centre + half)
    }

    /// The segments `[N, 2]` of codes `[N, 2]`, as a node.
    ///
    /// - Parameter anchors: As many as codes, or a number that divides theirs: they repeat.
    package func decode(_ codes: Variable, anchors: [Segment]) -> Variable {
        let count = codes.shape[0]
        precondition(
            codes.shape == [count, 2] && !anchors.isEmpty && count % anchors.count == 0,
            "decode: codes \(codes.shape) for \(anchors.count) anchors")
        let values = codes.tensor.doubles, dtype = codes.tensor.dtype
        var ends = [Double](repeating: 0, count: 2 * count)
        var slopes = ends
        for row in 0..<count {
            let anchor = anchors[row % anchors.count]
            let segment = decode((values[2 * row], values[2 * row + 1]), anchor: anchor)
            ends[2 * row] = segment.start
            ends[2 * row + 1] = segment.end
            let isFree = values[2 * row + 1] / lengthWeight < largestGrowth
            slopes[2 * row] = length(anchor) / centreWeight
            slopes[2 * row + 1] = isFree ? length(segment) / (2 * lengthWeight) : 0
        }
        let output = Tensor(ends, shape: [count, 2], dtype: dtype)
        return Variable.operation(output, inputs: [codes]) { gradient in
            var g = gradient.doubles
            for row in 0..<count {
                let (byStart, byEnd) = (g[2 * row], g[2 * row + 1])
                g[2 * row] = slopes[2 * row] * (byStart + byEnd)
                g[2 * row + 1] = slopes[2 * row + 1] * (byEnd - byStart)
            }
            return [Tensor(g, shape: [count, 2], dtype: dtype)]
        }
    }
}
