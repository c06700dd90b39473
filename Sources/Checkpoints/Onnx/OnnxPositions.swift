// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The position embedding of a vision transformer that an exporter cut in two.
///
/// A model that resizes its position grid to the input slices the embedding `[1, 1 + N, C]` into
/// the class token's row and the patches' rows. The exporter folds both slices into nameless
/// constants: a Concat of `[1, 1, C]` and of what comes of `[1, N, C]` through Reshape, Transpose,
/// Cast and Resize. This finds the two and the name they had.
struct OnnxPositions {
    /// The name of the constant `[1, 1, C]`.
    let classToken: String
    /// The name of the constant `[1, N, C]`.
    let patches: String
    /// The joined parameter's name, from the path of modules that the Concat's name spells:
    /// `position_embeddings` in a module called `embeddings` (Hugging Face), else `pos_embed`.
    let name: String

    /// How many nodes may lie between the constant and the Concat.
    private static let longestPath = 16
    private static let shapers: Set<String> = ["Reshape", "Transpose", "Cast", "Resize"]

    init?(_ model: OnnxModel) {
        var constants: [String: [Int]] = [:]
        for initializer in model.initializers
        where initializer.shape.count == 3 && initializer.shape[0] == 1
            && initializer.name.hasPrefix("onnx::")
        {
            constants[initializer.name] = initializer.shape
        }
        guard !constants.isEmpty else { return nil }
        var inputs: [String: String] = [:]
        for node in model.nodes where OnnxPositions.shapers.contains(node.operation) {
            if let output = node.outputs.first, let input = node.inputs.first {
                inputs[output] = input
            }
        }
        for node in model.nodes where node.operation == "Concat" && node.inputs.count == 2 {
            guard let row = constants[node.inputs[0]], row[1] == 1 else { continue }
            var source = node.inputs[1]
            for _ in 0..<OnnxPositions.longestPath {
                guard constants[source] == nil, let before = inputs[source] else { break }
                source = before
            }
            guard let grid = constants[source], grid[2] == row[2], source != node.inputs[0] else {
                continue
            }
            let scope = node.name.split(separator: "/").dropLast()
            let last = scope.last == "embeddings" ? "position_embeddings" : "pos_embed"
            name = (scope.map(String.init) + [last]).joined(separator: ".")
            classToken = node.inputs[0]
            patches = source
            return
        }
        return nil
    }

    /// Puts the joined embedding, float32 `[1, 1 + N, C]`, in the place of its two parts.
    ///
    /// Nothing changes where the name is taken or a part is not there.
    func join(in state: StateDict) -> StateDict {
        guard let first = state[classToken], let rest = state[patches], state.value(name) == nil
        else { return state }
        let rows = 1 + rest.shape[1]
        let joined = Tensor(first.floats + rest.floats, shape: [1, rows, rest.shape[2]])
        var result = StateDict(metadata: state.metadata)
        for key in state.names {
            switch key {
            case classToken: result[name] = joined
            case patches: continue
            default: result.setValue(state.value(key), for: key)
            }
        }
        return result
    }
}
