// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import FuzzSupport
import Tensors
import Testing

@Suite("Onnx")
struct OnnxTests {
    /// A field of wire type 2.
    private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(content.count) + content
    }

    private func varint(_ value: Int) -> [UInt8] {
        var rest = UInt64(value)
        var bytes: [UInt8] = []
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private func text(_ number: UInt8, _ text: String) -> [UInt8] {
        field(number, Array(text.utf8))
    }

    /// A model with this graph.
    private func model(_ graph: [UInt8]) -> [UInt8] { [8, 8] + field(7, graph) }

    private func array(_ fields: [UInt8]) -> [UInt8] { model(field(5, fields)) }

    @Test func namesTransposesAndWidens() throws {
        let state = try CheckpointFile.read(fixture("linear.onnx"))
        #expect(
            state.names == [
                "block.fc1.weight", "block.fc1.bias", "block.fc2.weight", "block.fc2.bias",
                "head.weight", "head.bias", "half", "half_typed", "bf16_typed", "double",
                "double_typed", "shape", "shape_typed",
            ])
        #expect(state["block.fc1.weight"]?.shape == [2, 3])
        #expect(state["block.fc1.weight"]?.doubles == ramp(6))
        #expect(state["block.fc2.weight"]?.doubles == [1, 3, 2, 4])
        #expect(state["block.fc2.bias"]?.doubles == [0.5, -0.5])
        #expect(state["head.weight"]?.shape == [4, 2])
        #expect(state["head.weight"]?.doubles == ramp(8))
        #expect(state["half"]?.doubles == ramp(3))
        #expect(state["half_typed"]?.doubles == [1.5, -2])
        #expect(state["bf16_typed"]?.doubles == [1.5, -2])
        #expect(state["double"]?.doubles == ramp(3))
        #expect(state["double"]?.dtype == .float64)
        #expect(state["double_typed"]?.doubles == [1.5, -2])
        #expect(state.integers("shape")?.values == [1, -1, 384])
        #expect(state.integers("shape_typed")?.values == [-1, 5])
    }

    @Test func refusesHostileLengths() {
        expectRefused([8, 8, 0x3A] + varint(Int.max), "where 0 bytes are left")
        expectRefused(model([0x2A, 100, 1]), "a length of 100")
        expectRefused([8, 8, 0x3A] + [UInt8](repeating: 0xFF, count: 11), "above 64 bits")
        expectRefused([8, 8, 0x3B, 0], "wire type 3")
        expectRefused([8, 8, 0x00, 0], "field number")
        expectRefused([8, 8, 0x3D, 0], "the end of a message")
        expectRefused([8], "the end of a message")
    }

    @Test func refusesShapesThatDoNotFit() {
        let raw = field(9, [0, 0, 0, 0])
        func shaped(_ axes: [UInt8]) -> [UInt8] {
            array(field(1, axes) + [0x10, 1] + text(8, "w") + raw)
        }
        expectRefused(shaped([2]), "does not fit its 4 bytes")
        expectRefused(shaped(varint(1 << 40) + varint(1 << 40)), "too large")
        expectRefused(
            shaped([UInt8](repeating: 0xFF, count: 9) + [1]), "impossible axis")
        expectRefused(shaped([UInt8](repeating: 1, count: 33)), "more than 32 numbers")
    }

    @Test func refusesWhatItCannotRead() {
        let shape = field(1, [1])
        expectRefused(array(shape + [0x10, 14] + text(8, "c")), "element type 14")
        expectRefused(array(shape + [0x10, 1, 0x70, 1] + text(8, "e")), "external data")
        expectRefused(array(shape + [0x10, 1] + text(8, "n")), "not supported")
        expectRefused(array(shape + [0x10, 7] + text(8, "f") + field(4, [0])), "in field 4")
        expectRefused(array(field(8, [0xFF])), "UTF-8")
        expectRefused([8, 8], "0 graphs")
        let w = field(5, shape + [0x10, 1] + text(8, "w") + field(9, [0, 0, 0, 0]))
        expectRefused(model(w + w), "two arrays are called w")
    }

    @Test func takesTwoUsesOfOneBiasOnce() throws {
        func matrix(_ name: String) -> [UInt8] {
            field(5, field(1, [1, 1]) + [0x10, 1] + text(8, name) + field(9, [0, 0, 0, 0]))
        }
        func node(_ operation: String, _ inputs: [String], _ output: String) -> [UInt8] {
            field(1, inputs.flatMap { text(1, $0) } + text(2, output) + text(4, operation))
        }
        let bias = field(
            5, field(1, [1]) + [0x10, 1] + text(8, "a.bias") + field(9, [0, 0, 0, 0]))
        let graph =
            matrix("m1") + matrix("m2") + bias
            + node("MatMul", ["x", "m1"], "y") + node("Add", ["y", "a.bias"], "z")
            + node("MatMul", ["z", "m2"], "u") + node("Add", ["u", "a.bias"], "v")
        let state = try CheckpointFile.read(bytes: model(graph), name: "input")
        #expect(state.names == ["a.weight", "m2", "a.bias"])
    }

    @Test func joinsACutPositionEmbedding() throws {
        func constant(_ name: String, _ rows: UInt8, _ values: [Float]) -> [UInt8] {
            let raw = values.flatMap { $0.bitPattern.littleEndianBytes }
            return field(5, field(1, [1, rows, 2]) + [0x10, 1] + text(8, name) + field(9, raw))
        }
        func node(_ operation: String, _ inputs: [String], _ output: String) -> [UInt8] {
            field(
                1,
                inputs.flatMap { text(1, $0) } + text(2, output)
                    + text(3, "/model/embeddings/\(operation)_6") + text(4, operation))
        }
        let nodes =
            node("Reshape", ["onnx::Reshape_2", "s"], "r")
            + node("Resize", ["r", "", "", "s"], "q")
            + node("Concat", ["onnx::Concat_1", "q"], "p")
        let parts =
            constant("onnx::Concat_1", 1, [1, 2]) + constant("onnx::Reshape_2", 2, [3, 4, 5, 6])
        let state = try CheckpointFile.read(bytes: model(nodes + parts), name: "input")
        #expect(state.names == ["model.embeddings.position_embeddings"])
        let positions = state["model.embeddings.position_embeddings"]
        #expect(positions?.shape == [1, 3, 2])
        #expect(positions?.floats == [1, 2, 3, 4, 5, 6])
        // A loop of reshapes ends.
        let loop = node("Reshape", ["q", "s"], "r") + node("Reshape", ["r", "s"], "q")
        let concat = node("Concat", ["onnx::Concat_1", "q"], "p")
        let other = try CheckpointFile.read(bytes: model(loop + concat + parts), name: "input")
        #expect(other.names == ["onnx::Concat_1", "onnx::Reshape_2"])
    }

    /// The DINOv2 file of the data table, where it has been fetched.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["DR2NET_DINOV2_ONNX"] != nil,
            "set DR2NET_DINOV2_ONNX to the path of vit_s_focus.onnx"))
    func namesEveryWeightOfDinov2() throws {
        let path = ProcessInfo.processInfo.environment["DR2NET_DINOV2_ONNX"] ?? ""
        let state = try CheckpointFile.read(path)
        var expected: [String: [Int]] = [
            "embeddings.cls_token": [1, 1, 384],
            "embeddings.position_embeddings": [1, 1370, 384],
            "embeddings.patch_embeddings.projection.weight": [384, 3, 14, 14],
            "embeddings.patch_embeddings.projection.bias": [384],
            "layernorm.weight": [384], "layernorm.bias": [384],
        ]
        for block in 0..<12 {
            let prefix = "encoder.layer.\(block)."
            let linear = [
                "attention.attention.query": [384, 384], "attention.attention.key": [384, 384],
                "attention.attention.value": [384, 384], "attention.output.dense": [384, 384],
                "mlp.fc1": [1536, 384], "mlp.fc2": [384, 1536], "norm1": [384], "norm2": [384],
            ]
            for (name, shape) in linear {
                expected[prefix + name + ".weight"] = shape
                expected[prefix + name + ".bias"] = [shape[0]]
            }
            expected[prefix + "layer_scale1.lambda1"] = [384]
            expected[prefix + "layer_scale2.lambda1"] = [384]
        }
        let backbone = try state.renamed {
            $0.hasPrefix("backbone.") ? String($0.dropFirst("backbone.".count)) : nil
        }
        let shapes = Dictionary(
            uniqueKeysWithValues: backbone.tensors.map { ($0.name, $0.tensor.shape) })
        #expect(shapes == expected)
        #expect(state.names.allSatisfy { $0.hasPrefix("backbone.") || $0.hasPrefix("decoder.") })
    }
}
