// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Tensors

/// A LAS file with something in every field, made byte by byte as the specification has them.
struct LASSample {
    var minor = 4
    var format = 7
    var count = 40
    var scale = SIMD3(0.01, 0.01, 0.01)
    /// Bytes behind each point's fields.
    var extra = 0
    /// Records between header and points: user, number, bytes.
    var records: [(user: String, number: UInt16, bytes: [UInt8])] = [
        ("LASF_Projection", 2112, Array("COMPD_CS[made up]".utf8)), ("someone", 7, [1, 2, 3]),
    ]
    /// Bytes between records and points, and behind the points.
    var padding: [UInt8] = [0xDD, 0xCC, 9]
    var tail: [UInt8] = (0..<75).map { UInt8($0) }
    /// Red, green and blue of a point; random where nil.
    var color: ((Int) -> SIMD3<UInt16>)?

    static let lengths = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67]
    static let colors: [Int?] = [nil, nil, 20, 28, nil, 28, nil, 30, 30, nil, 30]

    var headerLength: Int { [227, 227, 227, 235, 375][minor] }
    var recordLength: Int { LASSample.lengths[format] + extra }
    var dataOffset: Int {
        headerLength + records.reduce(0) { $0 + 54 + $1.bytes.count } + padding.count
    }
    var labelOffset: Int { format < 6 ? 15 : 16 }

    private func put<T: FixedWidthInteger>(_ value: T, _ bytes: inout [UInt8], _ place: Int) {
        unsafe withUnsafeBytes(of: value.littleEndian) {
            unsafe bytes.replaceSubrange(place..<place + $0.count, with: $0)
        }
    }

    private func text(_ text: String, _ length: Int) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: length - text.utf8.count)
    }

    var bytes: [UInt8] {
        let key = RandomKey(seed: 3)
        // What isn't set below is junk that must survive.
        var header = (0..<headerLength).map { UInt8(key.uniform($0) * 256) }
        header.replaceSubrange(0..<4, with: Array("LASF".utf8))
        header[24] = 1
        header[25] = UInt8(minor)
        put(UInt16(headerLength), &header, 94)
        put(UInt32(dataOffset), &header, 96)
        put(UInt32(records.count), &header, 100)
        header[104] = UInt8(format)
        put(UInt16(recordLength), &header, 105)
        put(UInt32(format < 6 ? count : 0), &header, 107)
        for axis in 0..<3 {
            put(scale[axis].bitPattern, &header, 131 + 8 * axis)
            put(Double(1000 * axis).bitPattern, &header, 155 + 8 * axis)
        }
        let end = dataOffset + count * recordLength
        if minor >= 3 { put(UInt64(end + 5), &header, 227) }
        if minor >= 4 {
            put(UInt64(end), &header, 235)
            put(UInt32(1), &header, 243)
            put(UInt64(count), &header, 247)
        }
        var file = header
        for record in records {
            file += [0xAA, 0xBB] + text(record.user, 16)
            file += [UInt8(record.number & 255), UInt8(record.number >> 8)]
            file += [UInt8(record.bytes.count & 255), UInt8(record.bytes.count >> 8)]
            file += text("a record", 32) + record.bytes
        }
        file += padding
        for point in 0..<count {
            let draws = key.child(point)
            var record = (0..<recordLength).map { UInt8(draws.uniform($0) * 256) }
            for axis in 0..<3 {
                put(Int32(draws.uniform(1000 + axis) * 4000), &record, 4 * axis)
            }
            if let color, let place = LASSample.colors[format] {
                for channel in 0..<3 { put(color(point)[channel], &record, place + 2 * channel) }
            }
            file += record
        }
        return file + tail
    }
}
