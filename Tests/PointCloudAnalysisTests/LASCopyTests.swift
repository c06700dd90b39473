// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Testing

@Suite("LAS copied with classes") struct LASCopyTests {
    /// Class and probabilities of a place: any function of it will do.
    private func predict(_ places: [SIMD3<Double>], _ classes: Int) -> PointPrediction {
        let codes = places.map { Int32(abs($0.x).rounded()) % 30 }
        return PointPrediction(
            codes: codes,
            probabilities: codes.flatMap { code in (0..<classes).map { Float(code) + Float($0) / 8 }
            })
    }

    private func copied(
        _ sample: LASSample, _ probabilities: [String] = [], in folder: String
    ) throws -> [UInt8] {
        let source = "\(folder)/in.las", output = "\(folder)/out.las"
        try Data(sample.bytes).write(to: URL(fileURLWithPath: source))
        try CloudCopy(
            of: source, to: output, codes: Array(0..<30), probabilities: probabilities
        ).write { predict($0, probabilities.count) }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: output)))
    }

    /// The sample with the classes that are to be written.
    private func expected(_ sample: LASSample) throws -> [UInt8] {
        var bytes = sample.bytes
        var reader = try PointFile.open(bytes: bytes, name: "sample")
        let codes = predict(try reader.rest().positions, 0).codes
        for point in 0..<sample.count {
            let place = sample.dataOffset + point * sample.recordLength + sample.labelOffset
            let kept: UInt8 = sample.format < 6 ? 0xE0 : 0
            bytes[place] = bytes[place] & kept | UInt8(codes[point])
        }
        return bytes
    }

    @Test(arguments: 0...10) func everyOtherByteIsKept(format: Int) throws {
        try withFolder { folder in
            for minor in format < 4 ? [0, 1, 2, 3, 4] : format < 6 ? [3, 4] : [4] {
                let sample = LASSample(minor: minor, format: format, extra: format % 4)
                let found = try copied(sample, in: folder)
                #expect(try found == expected(sample), "1.\(minor)")
            }
        }
    }

    @Test(arguments: 0...10) func everyPointFormatIsRead(format: Int) throws {
        let sample = LASSample(format: format)
        var reader = try PointFile.open(bytes: sample.bytes, name: "sample")
        let block = try reader.rest()
        #expect(block.count == 40 && (block.colors == nil) == (LASSample.colors[format] == nil))
        for point in 0..<sample.count {
            let start = sample.dataOffset + point * sample.recordLength
            let record = Array(sample.bytes[start..<start + sample.recordLength])
            func short(_ place: Int) -> UInt16 {
                UInt16(record[place]) | UInt16(record[place + 1]) << 8
            }
            let code = format < 6 ? record[15] & 31 : record[16]
            #expect(block.labels?[point] == Int32(code))
            #expect(block.intensities?[point] == Float(short(12)))
            if let place = LASSample.colors[format] {
                #expect(
                    block.colors?[point]
                        == SIMD3(short(place), short(place + 2), short(place + 4)))
            }
        }
    }

    /// A descriptor of extra bytes of one type.
    private func descriptor(_ type: UInt8, _ options: UInt8, _ name: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 192)
        bytes[2] = type
        bytes[3] = options
        bytes.replaceSubrange(4..<4 + name.utf8.count, with: Array(name.utf8))
        return bytes
    }

    @Test(arguments: [(0, 2), (3, 3), (6, 4), (7, 4), (10, 4)], [false, true])
    func probabilitiesBecomeExtraBytes(
        form: (format: Int, minor: Int), hasRecord: Bool
    ) throws {
        for undescribed in [0, 3] {
            try withFolder { try checkProbabilities(form, undescribed, hasRecord, in: $0) }
        }
    }

    private func checkProbabilities(
        _ form: (format: Int, minor: Int), _ undescribed: Int, _ hasRecord: Bool, in folder: String
    ) throws {
        do {
            var sample = LASSample(
                minor: form.minor, format: form.format, extra: undescribed + (hasRecord ? 6 : 0))
            if hasRecord {
                sample.records.insert(
                    ("LASF_Spec", 4, descriptor(4, 0, "a") + descriptor(9, 0, "height")), at: 1)
            }
            let names = ["ground", "low vegetation"]
            var bytes = try copied(sample, names, in: folder)
            let grown = 192 * ((undescribed > 0 ? 1 : 0) + 2) + (hasRecord ? 0 : 54)

            // The probabilities are read by their names.
            var reading = PointReading.all
            for (label, name) in ["p_ground", "p_low_vegetation"].enumerated() {
                reading.intensity = name
                var reader = try PointFile.open("\(folder)/out.las", reading)
                let block = try reader.rest()
                #expect(
                    block.intensities
                        == predict(block.positions, 2).codes.map { Float($0) + Float(label) / 8 })
            }
            expectLine("has the extra bytes p_ground already") {
                try CloudCopy(
                    of: "\(folder)/out.las", to: "\(folder)/x.las", codes: [1],
                    probabilities: names)
            }

            // Without what was added the file is the source with its classes changed.
            let wide = sample.recordLength + 8
            let start = sample.dataOffset + grown
            for point in (0..<sample.count).reversed() {
                let end = start + (point + 1) * wide
                bytes.removeSubrange(end - 8..<end)
            }
            let place =
                sample.headerLength
                + (hasRecord ? 54 + sample.records[0].bytes.count + 54 + 384 : 0)
                + (hasRecord ? 0 : sample.records.reduce(0) { $0 + 54 + $1.bytes.count })
            bytes.removeSubrange(place..<place + grown)
            let original = try expected(sample)
            #expect(
                Array(bytes[sample.headerLength...]).count == original.count - sample.headerLength)
            func number(_ place: Int, _ size: Int, _ bytes: [UInt8]) -> Int {
                (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
            }
            #expect(number(96, 4, bytes) == start && number(105, 2, bytes) == wide)
            #expect(number(100, 4, bytes) == sample.records.count + (hasRecord ? 0 : 1))
            let moved = grown + 8 * sample.count
            if form.minor >= 3 {
                #expect(number(227, 8, bytes) == number(227, 8, original) + moved)
            }
            if form.minor >= 4 {
                #expect(number(235, 8, bytes) == number(235, 8, original) + moved)
            }
            for range in [96..<104, 105..<107, 227..<243] where range.upperBound <= original.count {
                if range.lowerBound == 227, form.minor < 3 { continue }
                if range.lowerBound == 227, form.minor == 3 {
                    bytes.replaceSubrange(227..<235, with: original[227..<235])
                } else {
                    bytes.replaceSubrange(range, with: original[range])
                }
            }
            if hasRecord {
                // The record's own length grew.
                let length = sample.headerLength + 54 + sample.records[0].bytes.count + 20
                #expect(number(length, 2, bytes) == 384 + grown)
                bytes.replaceSubrange(length..<length + 2, with: original[length..<length + 2])
            }
            #expect(bytes == original)
        }
    }

    @Test func classesThatDoNotFitAreToldBeforeWork() throws {
        try withFolder { folder in
            for (format, code, text) in [
                (3, 32, "points of format 3 hold classes 0 to 31, but the run writes the class 32"),
                (3, -1, "hold classes 0 to 31"), (7, 256, "hold classes 0 to 255"),
            ] as [(Int, Int32, String)] {
                let source = "\(folder)/in.las"
                try Data(LASSample(format: format).bytes).write(to: URL(fileURLWithPath: source))
                expectLine(text) {
                    try CloudCopy(of: source, to: "\(folder)/out.las", codes: [2, code])
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["in.las"])
        }
    }

    @Test func theSourceIsNeverWrittenOver() throws {
        try withFolder { folder in
            let source = "\(folder)/in.las"
            try Data(LASSample().bytes).write(to: URL(fileURLWithPath: source))
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/link.las", withDestinationPath: source)
            try FileManager.default.linkItem(atPath: source, toPath: "\(folder)/hard.las")
            for name in ["in.las", "./in.las", "link.las", "hard.las"] {
                expectLine("is the cloud to be predicted") {
                    try CloudCopy(of: source, to: "\(folder)/\(name)", codes: [1])
                }
            }
        }
    }

    @Test func aNegativeScaleIsKept() throws {
        try withFolder { folder in
            let sample = LASSample(format: 1, scale: SIMD3(-0.01, 0.01, -0.5))
            #expect(try copied(sample, in: folder) == expected(sample))
            try CloudCopy(of: "\(folder)/in.las", to: "\(folder)/out.ply", codes: Array(-30..<30))
                .write { predict($0, 0) }
            var reader = try PointFile.open("\(folder)/out.ply")
            var source = try PointFile.open("\(folder)/in.las")
            #expect(try reader.rest().positions == source.rest().positions)
        }
    }

    @Test func damagedRecordsAreOneLine() throws {
        try withFolder { folder in
            let sample = LASSample()
            let source = "\(folder)/in.las"
            for (place, bytes, text) in [
                (100, [255, 255, 255, 255], "but the points begin at"),
                (375 + 20, [255, 255], "but the points begin at"),
            ] as [(Int, [UInt8], String)] {
                var file = sample.bytes
                file.replaceSubrange(place..<place + bytes.count, with: bytes)
                try Data(file).write(to: URL(fileURLWithPath: source))
                expectLine(text) {
                    try CloudCopy(
                        of: source, to: "\(folder)/o.las", codes: [1], probabilities: ["a"])
                }
                // Without probabilities nothing of them is needed.
                _ = try CloudCopy(of: source, to: "\(folder)/o.las", codes: [1])
            }
        }
    }
}
