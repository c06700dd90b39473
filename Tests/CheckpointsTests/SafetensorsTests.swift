// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import FuzzSupport
import Tensors
import TestSupport
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
    /// A file of this header and so many zero bytes.
    private func file(_ header: String, data: Int = 0) -> [UInt8] {
        UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    private func entry(_ name: String, _ begin: Int, _ end: Int) -> String {
        #""\#(name)":{"dtype":"U8","shape":[\#(end - begin)],"data_offsets":[\#(begin),\#(end)]}"#
    }

    @Test func readsTheReferenceWritersFile() throws {
        let state = try CheckpointFile.read(fixture("mixed.safetensors"))
        expectMixed(state)
        #expect(state.metadata == ["format": "pt", "note": "é \"quoted\"\n"])
    }

    @Test func roundTripKeepsBitsOrderAndMetadata() throws {
        let special: [Float] = [.nan, .infinity, -0.0, .leastNonzeroMagnitude, 1 / 3]
        var state = StateDict(metadata: ["b": "\u{1}\\\"ü", "a": ""])
        state["z"] = Tensor(special, shape: [5, 1])
        state["a.b"] = Tensor([1 / 3, .pi] as [Double], shape: [2])
        state.setValue(.integers(IntegerArray([.min, .max], shape: [1, 2])), for: "i")
        state.setValue(.bytes(ByteArray([1, 2, 3], shape: [3])), for: "u")
        state["empty"] = Tensor(zeros: [0, 4])
        state["scalar"] = Tensor([7] as [Float], shape: [])
        try withFolder { folder in
            let path = folder + "/a.safetensors"
            try Safetensors.write(state, to: path)
            let read = try Safetensors.read(path)
            #expect(read.names == state.names)
            #expect(read.metadata == state.metadata)
            for (name, tensor) in state.tensors {
                #expect(read[name]?.isIdentical(to: tensor) == true, "\(name)")
            }
            #expect(read.integers("i") == state.integers("i"))
            #expect(read.bytes("u") == state.bytes("u"))
            // Deterministic, and the data begin at a multiple of 8.
            let first = try Data(contentsOf: URL(fileURLWithPath: path))
            try Safetensors.write(read, to: path)
            let second = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(first == second)
            #expect(first[0] % 8 == 0)
        }
    }

    /// What was widened for reading is written with its own type and bits again.
    @Test(arguments: ["mixed.safetensors", "mixed.pth"])
    func storedTypesKeepEveryBit(_ name: String) throws {
        try withFolder { folder in
            let path = folder + "/a.safetensors"
            try Safetensors.write(
                try CheckpointFile.read(fixture(name)), to: path, types: .stored)
            // Both files hold the same arrays, and the first is the reference's.
            let written = try arrays(try Data(contentsOf: URL(fileURLWithPath: path)))
            let expected = try arrays(
                try Data(contentsOf: URL(fileURLWithPath: fixture("mixed.safetensors"))))
            #expect(written == expected)
        }
    }

    /// Types, shapes and bytes by name, read with nothing of ours.
    private func arrays(_ file: Data) throws -> [String: [String]] {
        let length = file.prefix(8).enumerated().reduce(0) {
            $0 + Int($1.element) << (8 * $1.offset)
        }
        let object = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
        let header = try #require(object as? [String: Any])
        var result: [String: [String]] = [:]
        for (name, value) in header where name != "__metadata__" {
            let entry = try #require(value as? [String: Any])
            let offsets = try #require(entry["data_offsets"] as? [Int])
            let start = 8 + length
            result[name] = [
                "\(entry["dtype"] ?? "")", "\(entry["shape"] as? [Int] ?? [])",
                file[start + offsets[0]..<start + offsets[1]].base64EncodedString(),
            ]
        }
        return result
    }

    /// Every half-precision number, subnormals and NaN payloads included.
    @Test func everyHalfSurvives() throws {
        for type in ["F16", "BF16"] {
            let bytes = (0...UInt16.max).flatMap(\.littleEndianBytes)
            let header = #"{"h":{"dtype":"\#(type)","shape":[65536],"data_offsets":[0,131072]}}"#
            let input = UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8) + bytes
            try withFolder { folder in
                let path = folder + "/a.safetensors"
                let state = try CheckpointFile.read(bytes: input, name: "input")
                try Safetensors.write(state, to: path, types: .stored)
                let written = try Data(contentsOf: URL(fileURLWithPath: path))
                #expect(Array(written.suffix(bytes.count)) == bytes)
                var changed = state
                changed["h"] = Tensor([1 / 3] as [Float], shape: [1])
                try Safetensors.write(changed, to: path, types: .stored)
                #expect(try Safetensors.read(path)["h"]?.floats == [1 / 3])
            }
        }
    }

    @Test func writesAnEmptyDictionary() throws {
        try withFolder { folder in
            try Safetensors.write(StateDict(), to: folder + "/e")
            let state = try CheckpointFile.read(folder + "/e")
            #expect(state.isEmpty)
        }
    }

    @Test func refusesAReservedName() {
        let state = StateDict([("__metadata__", Tensor(zeros: [1]))])
        expectFailure("__metadata__") { try Safetensors.write(state, to: "/dev/null") }
    }

    @Test func refusesLengthsBeyondTheFile() {
        expectRefused(UInt64(1000).littleEndianBytes + Array("{}".utf8), "1000 bytes from byte 8")
        expectRefused(UInt64.max.littleEndianBytes + Array("{}".utf8), "header's length")
        expectRefused(UInt64(1 << 40).littleEndianBytes + Array("{}".utf8), "header's length")
        expectRefused(UInt64(1).littleEndianBytes + Array("{}".utf8), "header's length")
        expectRefused([1, 2, 3], "the format is unknown")
        expectRefused([], "empty")
    }

    @Test func refusesATruncatedFile() throws {
        let bytes = try fixtureBytes("mixed.safetensors")
        for count in 0..<bytes.count {
            #expect(throws: InputError.self, "\(count) bytes") {
                try CheckpointFile.read(bytes: Array(bytes.prefix(count)), name: "input")
            }
        }
    }

    @Test func refusesBadOffsets() {
        let (a, b) = (entry("a", 0, 4), entry("b", 4, 8))
        expectRefused(file("{\(a),\(entry("b", 3, 8))}", data: 8), "inside the array before it")
        expectRefused(file("{\(a),\(entry("b", 5, 8))}", data: 8), "belong to no array")
        expectRefused(file("{\(a),\(b)}", data: 9), "after the last array")
        expectRefused(file("{\(a),\(b)}", data: 7), "has only 7")
        expectRefused(
            file(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[4,3]}}"#, data: 4),
            "before it begins")
        expectRefused(
            file(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,99999999999999999999]}}"#),
            "2^63")
        expectRefused(
            file(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}"#), "non-negative")
    }

    @Test func refusesShapesThatDoNotFit() {
        func shaped(_ shape: String, _ end: Int) -> [UInt8] {
            file(
                #"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,\#(end)]}}"#, data: end)
        }
        expectRefused(shaped("[3]", 8), "[3] of float32 but 8 bytes")
        expectRefused(shaped("[4294967296,4294967296]", 0), "but 0 bytes")
        expectRefused(shaped("[4611686018427387904,4,0]", 0), "but 0 bytes")
        expectRefused(shaped("[1.5]", 8), "a whole number")
        expectRefused(shaped("[01]", 8), #"found "1"; expected "," or "]""#)
        expectRefused(
            shaped("[\(Array(repeating: "1", count: 33).joined(separator: ","))]", 4), "at most 32")
    }

    @Test func refusesDuplicateKeys() {
        let a = entry("a", 0, 4)
        expectRefused(file("{\(a),\(a)}", data: 4), "the key a twice")
        expectRefused(file("{\(a),\(entry(#"\u0061"#, 4, 8))}", data: 8), "the key a twice")
        expectRefused(file(#"{"__metadata__":{"x":"1","x":"2"}}"#), "the key x twice")
        expectRefused(file(#"{"__metadata__":{},"__metadata__":{}}"#), "__metadata__ twice")
        expectRefused(
            file(#"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#),
            "a.dtype twice")
    }

    @Test func refusesOtherJSON() {
        expectRefused(file(String(repeating: "{\"a\":", count: 5000)), "unknown key a")
        expectRefused(file("{" + String(repeating: "[", count: 100_000)), "a name in quotes")
        expectRefused(file(#"{"a":[]}"#), #"expected "{""#)
        expectRefused(file(#"{"a":{"dtype":"U8"}}"#), "lacks")
        expectRefused(
            file(#"{"a":{"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]}}"#), "F8_E4M3")
        expectRefused(file(#"{"__metadata__":{"x":1}}"#), "expected a text")
        expectRefused(file("{} x"), "expected nothing more")
        expectRefused(file(#"{"\ud800":1}"#), "surrogate")
        expectRefused(file("{\"a\u{1}\":1}"), "found byte 1 inside a text")
        expectRefused(file(#"{"\x":1}"#), "escape")
        expectRefused(file(#"{"a"#), "expected a closing quote")
        let raw = Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":{}}".utf8)
        expectRefused(UInt64(raw.count).littleEndianBytes + raw, "UTF-8")
    }

    @Test func refusesABooleanOfTwo() {
        let header = #"{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}"#
        expectRefused(file(header) + [2], "neither 0 nor 1")
    }

    @Test func refusesIntegersAboveInt64() {
        let header = #"{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}"#
        expectRefused(file(header) + UInt64.max.littleEndianBytes, "above 2^63 - 1")
    }

    @Test func namesAFileThatIsNotThere() {
        expectFailure("/nonexistent/a: cannot open") {
            _ = try CheckpointFile.read("/nonexistent/a")
        }
        expectFailure("not a regular file") { _ = try CheckpointFile.read("/tmp") }
    }
}

/// Checks the contents of the script's `mixed()`, whatever file they come from.
func expectMixed(_ state: StateDict, sourceLocation: SourceLocation = #_sourceLocation) {
    func check(_ name: String, _ shape: [Int], _ values: [Double], _ dtype: DType = .float32) {
        #expect(state[name]?.shape == shape, "\(name)", sourceLocation: sourceLocation)
        #expect(state[name]?.doubles == values, "\(name)", sourceLocation: sourceLocation)
        #expect(state[name]?.dtype == dtype, "\(name)", sourceLocation: sourceLocation)
    }
    check("f32", [2, 3], ramp(6))
    check("f64", [3], ramp(3), .float64)
    check("f16", [2, 4], ramp(8))
    check("bf16", [5], ramp(5))
    check("scalar", [], [2.5])
    check("empty", [0, 3], [])
    let integers: [(String, [Int], [Int64])] = [
        ("i64", [2, 2], [1, -2, 3, 1 << 40]), ("i32", [2], [7, -8]), ("i16", [2], [300, -301]),
        ("i8", [2], [5, -6]), ("bool", [3], [1, 0, 1]),
    ]
    for (name, shape, values) in integers {
        let expected = IntegerArray(values, shape: shape)
        #expect(state.integers(name) == expected, "\(name)", sourceLocation: sourceLocation)
    }
    #expect(state.bytes("u8")?.bytes == [0, 127, 255], sourceLocation: sourceLocation)
    #expect(state.count == 12, sourceLocation: sourceLocation)
}
