// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import FuzzSupport
import Tensors
import TestSupport
import Testing

@Suite("Npy")
struct NpyTests {
    private func file(
        _ header: String, version: UInt8 = 1, data: [UInt8] = []
    ) -> [UInt8] {
        let text = Array(header.utf8)
        let length =
            version == 1
            ? UInt16(truncatingIfNeeded: text.count).littleEndianBytes
            : UInt32(text.count).littleEndianBytes
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
    }

    private func dictionary(_ shape: String, type: String = "<f4", order: String = "False")
        -> String
    {
        "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
    }

    @Test(arguments: ["c.npy", "fortran.npy"])
    func readsBothOrders(_ name: String) throws {
        let tensor = try Npy.readTensor(fixture(name))
        #expect(tensor.shape == [2, 3, 4])
        #expect(tensor.doubles == ramp(24))
    }

    @Test(arguments: ["version2.npy", "version3.npy"])
    func readsLaterVersions(_ name: String) throws {
        #expect(try Npy.readTensor(fixture(name)).doubles == ramp(6))
    }

    @Test func readsOtherFloats() throws {
        let double = try Npy.readTensor(fixture("f8.npy"))
        #expect(double.dtype == .float64 && double.doubles == ramp(3))
        #expect(try Npy.readTensor(fixture("f2.npy")).doubles == ramp(4))
        let scalar = try Npy.readTensor(fixture("scalar.npy"))
        #expect(scalar.shape.isEmpty && scalar.floats == [2.5])
        #expect(try Npy.readTensor(fixture("empty.npy")).shape == [0, 3])
    }

    @Test(arguments: [
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
    ])
    func readsEveryIntegerType(_ name: String) throws {
        let array = try Npy.readIntegers(fixture(name + ".npy"))
        #expect(array == IntegerArray([0, 1, 1, 0], shape: [2, 2]))
        #expect(try Npy.readTensor(fixture(name + ".npy")).floats == [0, 1, 1, 0])
    }

    @Test func readsIntegersInFortranOrder() throws {
        let array = try Npy.readIntegers(fixture("fortran_i8.npy"))
        #expect(array == IntegerArray([0, 1, 2, 3, 4, 5], shape: [2, 3]))
    }

    @Test func writesWhatNumPyWrites() throws {
        try withFolder { folder in
            let path = folder + "/a.npy"
            try Npy.write(Tensor(ramp(24), shape: [2, 3, 4], dtype: .float32), to: path)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(fixtureBytes("c.npy")))
            try Npy.write(Tensor(ramp(3), shape: [3]), to: path)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: path)) == Data(fixtureBytes("f8.npy")))
            try Npy.write(IntegerArray([0, 1, 1, 0], shape: [2, 2]), to: path)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: path)) == Data(fixtureBytes("int64.npy")))
            try Npy.write(Tensor([2.5] as [Float], shape: []), to: path)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: path)) == Data(fixtureBytes("scalar.npy"))
            )
        }
    }

    @Test func refusesRealLabels() {
        expectFailure("expected integers") { _ = try Npy.readIntegers(fixture("c.npy")) }
    }

    @Test func refusesOtherTypes() throws {
        expectRefused(
            try fixtureBytes("big_endian.npy"), "big endian: convert it with astype('<f4')")
        expectRefused(try fixtureBytes("structured.npy"), "structured array")
        expectRefused(file(dictionary("(1,)", type: "|O")), "element type '|O'")
    }

    @Test func refusesHostileShapes() {
        expectRefused(file(dictionary("(4294967296, 4294967296)")), "does not fit its 0 bytes")
        expectRefused(file(dictionary("(4611686018427387904, 8, 0)")), "does not fit its 0 bytes")
        expectRefused(file(dictionary("(99999999999999999999,)")), "below 2^63")
        expectRefused(file(dictionary("(-1,)")), "non-negative")
        expectRefused(file(dictionary("(\(String(repeating: "1,", count: 33)))")), "at most 32")
        expectRefused(file(dictionary("(2,)"), data: [0, 0, 0, 0]), "does not fit its 4 bytes")
        expectRefused(file(dictionary("(1,)"), data: [0, 0, 0, 0, 0]), "does not fit its 5 bytes")
    }

    @Test func refusesBadHeaders() {
        expectRefused(file(dictionary("(1,)"), version: 4), "version 4")
        expectRefused(file("{'descr': '<f4'}"), "lacks")
        expectRefused(file("{'descr': '<f4', 'descr': '<f4'}"), "descr twice")
        expectRefused(file("{'other': 1}"), "unknown key other")
        expectRefused(file(dictionary("(1,)", order: "Maybe")), "True or False")
        expectRefused(file(dictionary("(1,)") + "x"), "the end of the header")
        expectRefused(file("{'desc"), "the end of a string")
        expectRefused(file("[]"), "'{'")
        let long = dictionary("(0,)") + String(repeating: " ", count: 1 << 17)
        expectRefused(file(long, version: 2), "more than the 65536")
        expectRefused(Array(file(dictionary("(1,)")).prefix(30)), "bytes from byte 10")
        expectRefused([0x93] + Array("NUMPY".utf8), "8 bytes")
    }
}
