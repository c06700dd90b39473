// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What the fuzzer damages.
package enum FuzzFormat: String, Sendable, CaseIterable {
    /// Pickles inside an archive with right checksums, and PyTorch's format from before 1.6.
    case pickle
    /// Archives: PyTorch's and NumPy's.
    case zip
    case safetensors, onnx, npy
    /// Point clouds, and meshes as OFF and OBJ.
    case las, ply, mesh
    /// Annotations and results of boxes as COCO's JSON, and Pascal VOC's XML.
    case coco, voc
    /// Pictures that are read by rows: PNG, BMP and TIFF.
    case image

    /// The formats of `Checkpoints`.
    package static let checkpoints: [FuzzFormat] = [.pickle, .zip, .safetensors, .onnx, .npy]
    /// The formats of points.
    package static let points: [FuzzFormat] = [.las, .ply, .mesh]

    /// The fixtures that are damaged, from the repository's root.
    package var corpus: String {
        switch self {
        case .pickle, .zip, .safetensors, .onnx, .npy: "Tests/Fixtures/Checkpoints"
        case .las, .ply, .mesh: "Tests/Fixtures/Points"
        case .coco, .voc: "Tests/Fixtures/Detection/seeds"
        case .image: "Tests/Fixtures/Images/rows"
        }
    }

    /// How its files' names end.
    var endings: [String] {
        switch self {
        case .pickle: [".pth"]
        case .zip: [".npz", ".pth"]
        case .safetensors: [".safetensors"]
        case .onnx: [".onnx"]
        case .npy: [".npy"]
        case .las: [".las"]
        case .ply: [".ply"]
        case .mesh: [".off", ".obj"]
        case .coco: [".json"]
        case .voc: [".xml"]
        case .image: [".png", ".bmp", ".tif"]
        }
    }

    /// Pieces that mean something in the format.
    var tokens: [[UInt8]] {
        func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }
        switch self {
        case .pickle:
            return texts([
                "(", "t", ")", "}", "]", "u", "s", "e", "a", "R", "Q", "q\0", "h\0", "h\u{1}", "N",
                "0", "2", "b", ".", "K\0", "ctorch._utils\n_rebuild_tensor_v2\n",
                "ctorch\nFloatStorage\n", "ctorch\nHalfStorage\n", "ccollections\nOrderedDict\n",
            ]) + [
                [0x85], [0x86], [0x87], [0x94], [0x93], [0x81], [0x92], [0x8C, 1, 0x61],
                [0x8A, 8, 255, 255, 255, 255, 255, 255, 255, 127], [0x8B, 255, 255, 255, 255],
                [0x4A, 0, 0, 0, 128], [0x58, 255, 255, 255, 255], [0x95], [0x8F], [0x90], [0x91],
            ]
        case .zip:
            return [
                [0x50, 0x4B, 1, 2], [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 6, 6],
                [0x50, 0x4B, 6, 7], [1, 0, 24, 0], [1, 0, 16, 0], [8, 0], [0, 0],
            ]
        case .safetensors:
            return texts([
                "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\"dtype\":\"F64\"",
                "\"dtype\":\"BF16\"", "\"shape\":[]", "\"shape\":[0,9223372036854775807]",
                "\"data_offsets\":[0,0]", "18446744073709551615", "9223372036854775807", "-1",
                "1e9", "\"__metadata__\":{}", "0", " ",
            ])
        case .onnx:
            return [
                [0x0A], [0x12], [0x1A], [0x22], [0x2A, 0], [0x3A], [0x4A], [0x08],
                [255, 255, 255, 255, 255, 255, 255, 255, 255, 1], [255, 255, 255, 255, 15],
                [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], [0x70, 14],
            ]
        case .npy:
            return texts([
                "'fortran_order': True", "'descr': '<f2'", "'descr': '<i8'", "'descr': '|b1'",
                "'shape': ()", "'shape': (0,)", "9223372036854775807", "4294967296", "(", ")", ",",
                "'", "}", "1", "0", "-1", "\n",
            ])
        case .las:
            var tokens: [[UInt8]] = [[0x80], [0xE3, 0], [0x77, 1], [20, 0], [1, 4]]
            for format: UInt8 in 0...10 { tokens.append([format]) }
            for limit: UInt64 in [0, 1, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, .max] {
                tokens.append(limit.littleEndianBytes)
            }
            // Scales and offsets.
            for number: Double in [.nan, .infinity, 0, -0.01, .leastNonzeroMagnitude, 1e308] {
                tokens.append(number.bitPattern.littleEndianBytes)
            }
            return tokens
        case .ply:
            return texts([
                "ascii", "binary_little_endian", "binary_big_endian", "element vertex 0\n",
                "element vertex 9223372036854775807\n", "element face 3\n", "end_header\n",
                "property list uchar int x\n", "property double y\n", "property char label\n",
                "property float intensity\n", "comment", "nan", "inf", "-1e400", "1e-400", "0x1p9",
                "-1", " ", "\n", "\r\n", "property", "element",
            ])
        case .mesh:
            return texts([
                "OFF\n", "OFF", "8 6 12\n", "9223372036854775807", "-1", "0", "9", "nan", "1e999",
                "f 1 2 3\n", "f -1 -2 -3\n", "f 1//", "v 0 0 0\n", "v 1e308 1e308 1e308\n", "#",
                " ", "\n", "3 0 0 0\n", "65537",
            ])
        case .coco:
            return texts([
                "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud83d", "NaN", "-Infinity",
                "1e999", "-1", "0", "1e-400", "9223372036854775808", "null", "true",
                "\"images\":[]", "\"id\":1", "\"bbox\":[0,0,1e308,1e308]", "\"iscrowd\":1",
                "\"area\":-0.0", " ",
            ])
        case .voc:
            return texts([
                "<", ">", "</", "/>", "&", "&amp;", "&#x41;", "&#1114112;", "<!DOCTYPE a>",
                "<!ENTITY a \"b\">", "<!--", "-->", "<![CDATA[", "]]>", "<?xml", "?>", "\"",
                "<object>", "</object>", "<bndbox>", "</bndbox>", "<xmin>NaN</xmin>", "1e308", "-",
                "\u{0}", "<a b=\"c\"/>",
            ])
        case .image:
            // Kinds of pixels, compressions, tags, and sides that no file holds.
            var tokens: [[UInt8]] = [
                [0, 1, 0, 0], [8, 0], [5, 0], [0x05, 0x80], [0xB2, 0x80], [16, 0], [3, 0], [4, 0],
                [0x11, 1], [0x17, 1], [0x16, 1], [0x42, 1], [0x43, 1], [0x44, 1], [0x45, 1],
                [0x3D, 1], [43, 0, 8, 0, 0, 0], [8, 2, 0, 0, 0], [16, 6, 0, 0, 0], [4, 3, 0, 0, 0],
                [8, 2, 0, 0, 1], [7, 0], [6, 0], [2, 0], [0x50, 0xC3], [0x51, 0xC3], [0x47, 0x88],
                [0xB6, 0x87], [0x03, 1], [0x06, 1], [0x02, 1], [0x53, 1], [0x15, 1], [0x1C, 1],
                [0x12, 2], [32, 0], [64, 0], [12, 0], [0xFF, 0xD8, 0xFF],
            ]
            tokens += texts(["IDAT", "IHDR", "PLTE", "eXIf", "IEND", "II", "MM", "BM"])
            for side: UInt64 in [0, 1, 13, 60_000, 1_000_000, 1_000_001, 1 << 31, .max] {
                tokens.append(Array(side.littleEndianBytes.prefix(4)))
                tokens.append(Array(side.littleEndianBytes.prefix(4).reversed()))
            }
            return tokens
        }
    }
}

/// Damaged files: each a function of the seed, the format and its number.
package struct FuzzInputs {
    /// Sets the draws of one kind of file apart from those of another.
    private let label: String
    private let tokens: [[UInt8]]
    private let seed: UInt64
    private let originals: [Original]

    private struct Original {
        var bytes: [UInt8]
        /// What lies beside a pickle in its archive; nil where `bytes` are the whole file.
        var storages: [(name: String, bytes: [UInt8])]?
    }

    /// - Parameter folder: The fixtures of the format.
    package init(_ format: FuzzFormat, folder: String, seed: UInt64 = 0) throws {
        label = format.rawValue
        tokens = format.tokens
        self.seed = seed
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        var originals: [Original] = []
        for name in names where format.endings.contains(where: { name.hasSuffix($0) }) {
            let bytes = [UInt8](
                try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
            let isZip = bytes.starts(with: [0x50, 0x4B])
            if format == .pickle, isZip {
                // The pickle alone, with its storages beside it.
                let members = Zip.members(of: bytes)
                for member in members where member.name.hasSuffix("/data.pkl") {
                    originals.append(
                        Original(
                            bytes: member.bytes, storages: members.filter { $0.name != member.name }
                        ))
                }
            } else if format != .zip || isZip {
                originals.append(Original(bytes: bytes))
            }
        }
        precondition(!originals.isEmpty, "no \(format) files in \(folder)")
        self.originals = originals
    }

    /// Input number `index`.
    package subscript(index: Int) -> [UInt8] {
        var generator = FuzzGenerator(seed: seed, label, index)
        let original = originals[generator.below(originals.count)]
        let bytes = damaged(original.bytes, &generator)
        // A damaged pickle needs an archive around it with a right checksum, or none would be run.
        guard let storages = original.storages else { return bytes }
        let folder = storages.first.map { $0.name.prefix { $0 != "/" } } ?? "a"
        return Zip.stored([("\(folder)/data.pkl", bytes)] + storages)
    }

    private func damaged(_ original: [UInt8], _ generator: inout FuzzGenerator) -> [UInt8] {
        var bytes = original
        let count = generator.below(2) == 0 ? 1 : 1 + generator.below(5)
        for _ in 0..<count where !bytes.isEmpty {
            damage(&bytes, &generator)
        }
        if generator.below(12) == 0 { bytes.removeLast(generator.below(bytes.count + 1)) }
        return bytes
    }

    private func damage(_ bytes: inout [UInt8], _ generator: inout FuzzGenerator) {
        let place = generator.below(bytes.count)
        switch generator.below(11) {
        case 0: bytes[place] ^= 1 << UInt8(generator.below(8))
        case 1: bytes[place] = UInt8(generator.below(256))
        case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][generator.below(5)]
        case 3: bytes.insert(UInt8(generator.below(256)), at: place)
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.below(8)))
        case 5:
            // Eight bytes of ones: lengths at their limits.
            for index in place..<min(place + 8, bytes.count) { bytes[index] = 0xFF }
        case 6:
            let numbers: [UInt64] = [0, 1, 0x7FFF_FFFF, 1 << 31, 0xFFFF_FFFF, 1 << 40, 1 << 63 - 1]
            let number = numbers[generator.below(numbers.count)].littleEndianBytes
            let width = [2, 4, 8][generator.below(3)]
            for offset in 0..<min(width, bytes.count - place) {
                bytes[place + offset] = number[offset]
            }
        case 7, 8:
            let token = tokens[generator.below(tokens.count)]
            if generator.below(2) == 0 {
                bytes.insert(contentsOf: token, at: place)
            } else {
                bytes.replaceSubrange(place..<min(bytes.count, place + token.count), with: token)
            }
        case 9:
            // A piece again elsewhere: names, members, tensors twice.
            let piece = Array(bytes[place..<min(bytes.count, place + 1 + generator.below(96))])
            bytes.insert(contentsOf: piece, at: generator.below(bytes.count + 1))
        default:
            // The end of another file.
            let other = originals[generator.below(originals.count)].bytes
            guard !other.isEmpty else { return }
            bytes = Array(bytes[..<place]) + other[generator.below(other.count)...]
        }
    }
}

/// A small repeatable generator (SplitMix64).
private struct FuzzGenerator {
    private var state: UInt64

    init(seed: UInt64, _ label: String, _ index: Int) {
        state = seed &* 0x9E37_79B9_7F4A_7C15
        for byte in label.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        state ^= UInt64(index) &* 0xD134_2543_DE82_EF95
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number from 0 to `bound` - 1.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
