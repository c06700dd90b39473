// SPDX-License-Identifier: Apache-2.0
import Tensors

/// What a layer of a detector's tower took: a convolution of 3 by 3, then group norm with ReLU.
struct ConvolutionTimes: Encodable {
    var samples: Int, side: Int, inputs: Int, outputs: Int
    /// The quickest call, in seconds.
    var forward: Double, backward: Double, normForward: Double, normBackward: Double
    /// Dot products by which another program can check its results: of the results with their
    /// gradients, of the gradients with what they belong to.
    var result: Double, inputGradient: Double, weightGradient: Double
    var normResult: Double, normGradient: Double
    var kernel = BLAS.kernelName, level = Kernels.level.name

    /// - Parameter size: Samples, side, inputs, outputs.
    init(_ size: [Int], _ repeats: Int) {
        (samples, side, inputs, outputs) = (size[0], size[1], size[2], size[3])
        let edge = size[1], taps = Convolution2DShape(padding: 1)
        let x = Main.values([size[0], edge, edge, size[2]], 1)
        let weight = Main.values([size[3], size[2], 3, 3], 2)
        let slopes = Main.values([size[0], edge, edge, size[3]], 3)
        let scale = Main.values([size[3]], 4), shift = Main.values([size[3]], 5)
        func convolved() -> Tensor { x.convolved2D(weight, bias: shift, taps) }
        func gradients() -> (Tensor, Tensor) {
            (
                slopes.convolution2DInputGradient(weight, height: edge, width: edge, taps),
                slopes.convolution2DWeightGradient(x, kernel: 3, taps)
            )
        }
        let y = convolved()
        func normalized() -> (output: Tensor, statistics: [Double]) {
            y.groupNormalized(groups: 32, weight: scale, bias: shift, epsilon: 1e-5, relu: true)
        }
        let norm = normalized()
        func normGradients() -> Tensor {
            y.groupNormGradient(
                slopes, groups: 32, weight: scale, statistics: norm.statistics, reluBias: shift
            ).input
        }
        let (byInput, byWeight) = gradients()
        result = y.dot(slopes)
        inputGradient = byInput.dot(x)
        weightGradient = byWeight.dot(weight)
        normResult = norm.output.dot(slopes)
        normGradient = normGradients().dot(slopes)
        forward = Main.quickest(repeats) { _ = convolved() }
        backward = Main.quickest(repeats) { _ = gradients() }
        normForward = Main.quickest(repeats) { _ = normalized() }
        normBackward = Main.quickest(repeats) { _ = normGradients() }
    }
}
