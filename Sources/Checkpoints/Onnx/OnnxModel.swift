// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats

/// What is read of an ONNX graph: its constant arrays and which node uses which.
///
/// Field numbers are those of the ONNX project's `onnx.proto` (ModelProto, GraphProto,
/// NodeProto, AttributeProto, TensorProto).
struct OnnxModel {
    /// A node: one operation of the graph.
    struct Node {
        var name = ""
        var operation = ""
        var inputs: [String] = []
        var outputs: [String] = []
        /// Attribute `transB` of a Gemm.
        var transposesB = false
    }

    /// A constant array, its contents still in the file.
    struct Initializer {
        var name = ""
        var type = 0
        var shape: [Int] = []
        /// Where `raw_data` lies.
        var raw: Range<Int>?
        /// Where the packed pieces of `float_data`, `int64_data`… lie, by field number.
        var pieces: [(number: Int, range: Range<Int>)] = []
        /// Elements written one by one (not packed), which only old writers do.
        var hasUnpacked = false
        var isExternal = false
    }

    /// The most nodes and constants accepted; larger than any published backbone by far.
    static let limit = 1_000_000

    private(set) var nodes: [Node] = []
    private(set) var initializers: [Initializer] = []
    let source: ByteSource

    init(_ source: ByteSource) throws(InputError) {
        self.source = source
        var reader = ProtobufReader(source)
        var graphs = 0
        while let (number, field) = try reader.next() {
            guard number == 7, case .bytes(let range) = field else { continue }
            graphs += 1
            try readGraph(reader.nested(range))
        }
        guard graphs == 1 else {
            throw source.error("the model has \(graphs) graphs, expected one; is it an ONNX file?")
        }
    }

    private mutating func readGraph(_ graph: ProtobufReader) throws(InputError) {
        var reader = graph
        while let (number, field) = try reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case 1: nodes.append(try readNode(reader.nested(range)))
            case 5: initializers.append(try readInitializer(reader.nested(range)))
            default: continue
            }
            guard nodes.count <= OnnxModel.limit, initializers.count <= OnnxModel.limit else {
                throw source.error("the graph has more than \(OnnxModel.limit) nodes or arrays")
            }
        }
    }

    private func readNode(_ message: ProtobufReader) throws(InputError) -> Node {
        var reader = message
        var node = Node()
        while let (number, field) = try reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case 1: node.inputs.append(try reader.text(range))
            case 2: node.outputs.append(try reader.text(range))
            case 3: node.name = try reader.text(range)
            case 4: node.operation = try reader.text(range)
            case 5:
                let attribute = try readAttribute(reader.nested(range))
                if attribute.name == "transB" { node.transposesB = attribute.integer != 0 }
            default: continue
            }
        }
        return node
    }

    private func readAttribute(
        _ message: ProtobufReader
    ) throws(InputError) -> (name: String, integer: UInt64) {
        var reader = message
        var name = ""
        var integer: UInt64 = 0
        while let (number, field) = try reader.next() {
            switch (number, field) {
            case (1, .bytes(let range)): name = try reader.text(range)
            case (3, .varint(let value)): integer = value
            default: continue
            }
        }
        return (name, integer)
    }

    private func readInitializer(
        _ message: ProtobufReader
    ) throws(InputError) -> Initializer {
        var reader = message
        var result = Initializer()
        while let (number, field) = try reader.next() {
            switch (number, field) {
            case (1, .varint(let value)): try append([value], to: &result, reader)
            case (1, .bytes(let range)):
                try append(
                    reader.packedVarints(range, atMost: largestRank), to: &result, reader)
            case (2, .varint(let value)): result.type = Int(truncatingIfNeeded: value)
            case (8, .bytes(let range)): result.name = try reader.text(range)
            case (9, .bytes(let range)): result.raw = range
            case (4, .bytes(let range)), (5, .bytes(let range)), (7, .bytes(let range)),
                (10, .bytes(let range)), (11, .bytes(let range)):
                result.pieces.append((number, range))
            case (4, _), (5, _), (7, _), (10, _), (11, _): result.hasUnpacked = true
            case (14, .varint(let value)): result.isExternal = value != 0
            default: continue
            }
        }
        return result
    }

    private func append(
        _ axes: [UInt64], to initializer: inout Initializer, _ reader: ProtobufReader
    ) throws(InputError) {
        for axis in axes {
            guard let length = Int(exactly: axis), initializer.shape.count < largestRank else {
                throw reader.damaged("a shape with an impossible axis", reader.position)
            }
            initializer.shape.append(length)
        }
    }
}
