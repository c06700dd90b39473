// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Layers
import Tensors

/// A few convolutions with norms and a last one, shared by all levels.
final class ActionFormerTower: Module {
    /// Which tower it is: their layers have different names.
    enum Kind {
        /// Logits of the classes.
        case classes
        /// Distances to both ends, with a learned factor a level.
        case segments
    }

    private let kind: Kind
    private let convolutions: [Conv1d]
    private let norms: [ChannelNorm]
    private let last: Conv1d
    private let scales: [Parameter]

    init(_ kind: Kind, _ configuration: ActionFormerConfiguration, key: RandomKey) {
        self.kind = kind
        let channels = configuration.channels
        convolutions = (0..<configuration.towerDepth - 1).map {
            Conv1d(
                centred: 3, channels, channels, hasBias: false, key: key.child("head").child($0))
        }
        norms = convolutions.map { _ in ChannelNorm(channels) }
        let outputs = kind == .classes ? configuration.classCount : 2
        last = Conv1d(centred: 3, channels, outputs, hasBias: true, key: key.child("last"))
        // The focal loss starts from rare positives (Lin et al., ICCV 2017, section 4.1).
        if kind == .classes {
            last.bias?.tensor = Tensor(repeating: -log(99), shape: [outputs])
        }
        scales =
            kind == .classes
            ? []
            : (0..<configuration.levels).map { _ in Parameter(Tensor(repeating: 1, shape: [])) }
    }

    func register(in registry: inout ModuleRegistry) {
        for (index, layer) in convolutions.enumerated() {
            registry.child("head.\(index).conv", layer)
        }
        registry.children("norm", norms)
        for (index, scale) in scales.enumerated() {
            registry.parameter("scale.\(index).scale", scale)
        }
        registry.child(kind == .classes ? "cls_head.conv" : "offset_head.conv", last)
    }

    /// The levels' results one behind the other: `[B, P, classes]`, or `[B, P, 2]` in strides of
    /// each point's level, 0 or more.
    func callAsFunction(_ levels: [MaskedSequence], _ context: Context) -> Variable {
        let results = levels.enumerated().map { level, sequence in
            var x = sequence
            for (layer, norm) in zip(convolutions, norms) {
                x = x.with(norm(layer.masked(x, context).values, context).relu())
            }
            let values = last.masked(x, context).values
            guard kind == .segments else { return values }
            let scale = context.use(scales[level]).reshaped(to: [1])
            return values.reshaped(to: [values.tensor.count, 1]).multiplyingRow(scale)
                .reshaped(to: values.shape).relu()
        }
        return .concatenated(results, axis: 1)
    }
}
