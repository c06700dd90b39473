// SPDX-License-Identifier: Apache-2.0
package import Files
import Tensors
import TextFormats

/// The weights of an ONNX model under the names and layouts that PyTorch gave them.
package enum Onnx {
    /// Reads the initializers of a model's graph.
    ///
    /// An exporter folds the transposition of a linear layer's weight into a nameless constant
    /// `[in, out]`. Such a constant is recognised by its use: the MatMul it feeds is followed by
    /// an Add of `X.bias`. It is returned as `X.weight`, `[out, in]`. A position embedding that was
    /// cut into class token and patches is joined (`OnnxPositions`). All other names and shapes
    /// are those of the file. float16 and bfloat16 are widened to float32.
    package static func read(_ path: String) throws(InputError) -> StateDict {
        try read(ByteSource(path: path))
    }

    static func read(_ source: ByteSource) throws(InputError) -> StateDict {
        let model = try OnnxModel(source)
        let linear = linearNames(model)
        var result = StateDict(metadata: ["format": "onnx"])
        for initializer in model.initializers {
            guard result.value(initializer.name) == nil else {
                throw source.error("two arrays are called \(initializer.name)")
            }
            let value = try decode(initializer, source)
            if let name = linear[initializer.name] {
                result.setValue(.tensor(transposed(value.tensor)), for: name)
            } else {
                result.setValue(value, for: initializer.name)
            }
        }
        return OnnxPositions(model)?.join(in: result) ?? result
    }

    /// The PyTorch names of the nameless matrices, by their names in the file.
    private static func linearNames(_ model: OnnxModel) -> [String: String] {
        var matrices: Set<String> = []
        var taken: Set<String> = []
        for initializer in model.initializers {
            taken.insert(initializer.name)
            if initializer.shape.count == 2, isReal(initializer.type),
                !initializer.name.hasSuffix(".weight")
            {
                matrices.insert(initializer.name)
            }
        }
        // The bias that is added to a MatMul's result, by the result's name.
        var biases: [String: String] = [:]
        for node in model.nodes where node.operation == "Add" && node.inputs.count == 2 {
            for (result, bias) in [(0, 1), (1, 0)] where isBias(node.inputs[bias], in: taken) {
                biases[node.inputs[result]] = node.inputs[bias]
            }
        }
        var names: [String: String] = [:]
        for node in model.nodes {
            guard node.inputs.count >= 2, matrices.contains(node.inputs[1]) else { continue }
            let bias: String?
            switch node.operation {
            case "MatMul": bias = node.outputs.first.flatMap { biases[$0] }
            case "Gemm" where !node.transposesB && node.inputs.count == 3:
                bias = isBias(node.inputs[2], in: taken) ? node.inputs[2] : nil
            default: bias = nil
            }
            guard let bias else { continue }
            let name = bias.dropLast("bias".count) + "weight"
            guard names[node.inputs[1]] == nil, taken.insert(String(name)).inserted else {
                continue
            }
            names[node.inputs[1]] = String(name)
        }
        return names
    }

    private static func isBias(_ name: String, in known: Set<String>) -> Bool {
        name.hasSuffix(".bias") && known.contains(name)
    }

    private static func isReal(_ type: Int) -> Bool {
        switch scalarTypes[type] {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    private static func decode(
        _ initializer: OnnxModel.Initializer, _ source: ByteSource
    ) throws(InputError) -> TensorValue {
        let what = "the array \(initializer.name)"
        guard !initializer.isExternal else {
            throw source.error(
                "\(what) lies in another file (external data); save the model in one file")
        }
        guard let type = scalarTypes[initializer.type] else {
            throw source.error(
                "\(what) has the ONNX element type \(initializer.type), which is not supported; "
                    + "export it as FLOAT")
        }
        guard let size = type.byteCount(of: initializer.shape) else {
            throw source.error("\(what): the shape \(initializer.shape) is too large")
        }
        if let raw = initializer.raw {
            let part = try source.slice(raw.lowerBound, raw.count, of: what)
            return try TensorDecoder.decode(part, type, shape: initializer.shape, what: what)
        }
        // Typed data instead of raw bytes: floats, doubles and int64 only.
        guard size > 0 else {
            let none = ByteSource(bytes: [], path: source.path)
            return try TensorDecoder.decode(none, type, shape: initializer.shape, what: what)
        }
        guard initializer.pieces.count == 1, let piece = initializer.pieces.first,
            !initializer.hasUnpacked
        else {
            throw source.error(
                "\(what) holds its numbers in a form that is not supported; save the model again "
                    + "with a current onnx package")
        }
        switch (type, piece.number) {
        case (.float32, 4), (.float64, 10):
            let part = try source.slice(piece.range.lowerBound, piece.range.count, of: what)
            return try TensorDecoder.decode(part, type, shape: initializer.shape, what: what)
        case (.int64, 7), (.int32, 5), (.float16, 5), (.bfloat16, 5):
            let count = size / type.size
            // A varint takes at least a byte, so this bounds what is allocated.
            guard piece.range.count >= count else {
                throw source.error("\(what) needs \(count) numbers; the file is damaged")
            }
            let reader = ProtobufReader(source)
            let words = try reader.packedVarints(piece.range, atMost: count)
            let bytes = words.flatMap { word in
                (0..<type.size).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
            }
            let part = ByteSource(bytes: bytes, path: source.path)
            return try TensorDecoder.decode(part, type, shape: initializer.shape, what: what)
        default:
            throw source.error(
                "\(what) holds its numbers in field \(piece.number), expected raw_data")
        }
    }

    /// `[in, out]` to `[out, in]`.
    private static func transposed(_ matrix: Tensor) -> Tensor {
        let (rows, columns) = (matrix.shape[0], matrix.shape[1])
        guard matrix.dtype == .float32 else {
            return unsafe matrix.withDoubles { source in
                unsafe Tensor(
                    shape: [columns, rows],
                    fillingDoubles: { unsafe transpose(source, $0, rows, columns) }
                )
            }
        }
        return unsafe matrix.withFloats { source in
            unsafe Tensor(shape: [columns, rows]) { unsafe transpose(source, $0, rows, columns) }
        }
    }

    private static func transpose<T>(
        _ source: UnsafeBufferPointer<T>, _ target: UnsafeMutableBufferPointer<T>,
        _ rows: Int, _ columns: Int
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                unsafe target[column * rows + row] = unsafe source[row * columns + column]
            }
        }
    }

    /// TensorProto.DataType.
    private static let scalarTypes: [Int: ScalarType] = [
        1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool,
        10: .float16, 11: .float64, 12: .uint32, 13: .uint64, 16: .bfloat16,
    ]
}
