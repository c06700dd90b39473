// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import PointCloudAnalysis
import Testing

@Suite("PLY copied with classes") struct PLYCopyTests {
    private func predict(_ places: [SIMD3<Double>], _ classes: Int) -> PointPrediction {
        let codes = places.map { Int32($0.x) }
        return PointPrediction(
            codes: codes,
            probabilities: codes.flatMap { code in
                (0..<classes).map { Float(code) / 4 + Float($0) / 8 }
            })
    }

    private func copied(
        _ bytes: [UInt8], _ probabilities: [String] = [], _ reading: PointReading = .all,
        in folder: String
    ) throws -> [UInt8] {
        let source = "\(folder)/in.ply", output = "\(folder)/out.ply"
        try Data(bytes).write(to: URL(fileURLWithPath: source))
        try CloudCopy(
            of: source, to: output, codes: [1, 2, 3], probabilities: probabilities,
            reading: reading
        ).write { predict($0, probabilities.count) }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: output)))
    }

    private func copied(
        _ text: String, _ probabilities: [String] = [], _ reading: PointReading = .all
    ) throws -> String {
        try withFolder {
            String(
                decoding: try copied(Array(text.utf8), probabilities, reading, in: $0),
                as: UTF8.self)
        }
    }

    private static let head = """
        ply
        format ascii 1.0
        comment by hand
        obj_info kept
        element camera 1
        property float focal
        element vertex 3
        comment in the middle
        property double x
        property float y
        property float z
        property float nx

        """
    private static let rest = """
        element face 1
        property list uchar int vertex_indices
        end_header

        """
    private static let faces = "3 0 1 2\n"

    @Test(arguments: ["\n", "\r\n"]) func theTextOfOtherFieldsIsKept(ending: String) throws {
        func lines(_ text: String) -> String {
            text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: ending)
        }
        let start = PLYCopyTests.head + "property uchar alpha\n"
        let source =
            start + "property short class\nproperty uchar red\n" + PLYCopyTests.rest + """
                35
                1 1.50000 -0 1e-3 255 7  9
                2.0 +2 3 nan 0 -5 10
                 3 2 .5 0.10 1\t0  11 \(" ")

                """ + PLYCopyTests.faces
        let expected =
            start + "property short class\nproperty uchar red\n" + PLYCopyTests.rest + """
                35
                1 1.50000 -0 1e-3 255 1  9
                2.0 +2 3 nan 0 2 10
                 3 2 .5 0.10 1\t3  11 \(" ")

                """ + PLYCopyTests.faces
        #expect(try copied(lines(source)) == lines(expected))
        // Without a class one is added, and probabilities behind all others.
        let bare = start + PLYCopyTests.rest + "35\n1 2 3 0 255\n2 2 3 0 7 \n3 2 3 0 1\n"
        let added =
            start + "property int label\nproperty float p_low\nproperty float p_so_high\n"
            + PLYCopyTests.rest + """
                35
                1 2 3 0 255 1 0.25 0.375
                2 2 3 0 7 2 0.5 0.625\(" ")
                3 2 3 0 1 3 0.75 0.875

                """
        #expect(
            try copied(lines(bare + PLYCopyTests.faces), ["low", "so high"])
                == lines(added + PLYCopyTests.faces))
        // A file that ends without a line feed goes on so.
        let cut = String((bare).dropLast()).replacing("element face 1", with: "element face 0")
        let cutExpected = String(added.dropLast()).replacing(
            "element face 1", with: "element face 0")
        #expect(try copied(lines(cut), ["low", "so high"]) == lines(cutExpected))
    }

    @Test(arguments: [false, true], ["char", "ushort", "int", "float", "double", ""])
    func binaryFilesOfBothByteOrdersAreKept(isBig: Bool, type: String) throws {
        try withFolder { folder in
            func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
                unsafe withUnsafeBytes(of: isBig ? value.bigEndian : value.littleEndian) {
                    unsafe Array($0)
                }
            }
            func label(_ value: Int32) -> [UInt8] {
                switch type {
                case "char": [UInt8(bitPattern: Int8(value))]
                case "ushort": bytes(UInt16(value))
                case "float": bytes(Float(value).bitPattern)
                case "double": bytes(Double(value).bitPattern)
                default: bytes(value)
                }
            }
            func file(_ header: String, _ codes: [[UInt8]], _ behind: [[UInt8]]) -> [UInt8] {
                let head = """
                    ply
                    format binary_\(isBig ? "big" : "little")_endian 1.0
                    comment kept
                    element vertex 3
                    property float x
                    property double y
                    \(type.isEmpty ? "" : "property \(type) scalar_Classification\n")\
                    property float z
                    property uchar alpha
                    \(header)element face 1
                    property list uchar int vertex_indices
                    end_header

                    """
                var all = Array(head.utf8)
                for point in 0..<3 {
                    all += bytes(Float(point + 1).bitPattern) + bytes(Double.pi.bitPattern)
                    all += codes[point] + bytes(Float(0.1).bitPattern) + [UInt8(200 + point)]
                    all += behind[point]
                }
                return all + [3] + bytes(Int32(0)) + bytes(Int32(1)) + bytes(Int32(2)) + [7, 7]
            }
            let none: [[UInt8]] = [[], [], []]
            let old = type.isEmpty ? none : [Int32](repeating: 99, count: 3).map(label)
            let new = type.isEmpty ? none : ([1, 2, 3] as [Int32]).map(label)
            let chances = (1...3).map { bytes((Float($0) / 4).bitPattern) }
            let source = file("", old, none)
            let plain = try copied(source, in: folder)
            let probable = try copied(source, ["a"], in: folder)
            if type.isEmpty {
                let added = ([1, 2, 3] as [Int32]).map { bytes($0) }
                #expect(plain == file("property int label\n", new, added))
                #expect(
                    probable
                        == file(
                            "property int label\nproperty float p_a\n", new,
                            zip(added, chances).map { $0 + $1 }))
            } else {
                #expect(plain == file("", new, none))
                #expect(probable == file("property float p_a\n", new, chances))
            }
        }
    }

    @Test func theClassMayHaveAnyName() throws {
        let text = """
            ply
            format ascii 1.0
            element vertex 2
            property float x
            property float y
            property float z
            property float label
            property uchar sem_class
            end_header
            1 0 0 0.5 nan
            2 0 0 nan 7

            """
        var reading = PointReading.all
        reading.label = "sem_class"
        #expect(
            try copied(text, [], reading)
                == text.replacing("0.5 nan", with: "0.5 1").replacing("nan 7", with: "nan 2"))
        reading.label = "other"
        #expect(
            try copied(text, [], reading)
                == text.replacing("sem_class\n", with: "sem_class\nproperty int other\n")
                .replacing("0.5 nan", with: "0.5 nan 1").replacing("nan 7", with: "nan 7 2"))
    }

    @Test func whatDoesNotFitIsToldBeforeWork() throws {
        try withFolder { folder in
            let source = "\(folder)/in.ply"
            for (type, code) in [("uchar", 256), ("char", 128), ("uchar", -1), ("ushort", 65536)] {
                let text = """
                    ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y
                    property float z\nproperty \(type) class\nend_header\n0 0 0 1\n
                    """
                try text.write(toFile: source, atomically: true, encoding: .utf8)
                expectLine("but the run writes the class \(code)") {
                    try CloudCopy(of: source, to: "\(folder)/out.ply", codes: [Int32(code)])
                }
            }
        }
    }
}
