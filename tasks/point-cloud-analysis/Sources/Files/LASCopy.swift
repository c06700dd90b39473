// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// A LAS file written anew with other classes: every other byte of its header, records and points
/// is kept, flags in the class's upper bits too.
///
/// Probabilities become extra bytes.
struct LASCopy {
    private let source: PointSource
    private let header: LASHeader
    private let classes: Int
    /// The bytes before the points as they are written.
    private let head: [UInt8]
    /// What is added to each point's record.
    private var added: Int { 4 * classes }

    /// Checks that the classes fit the file.
    init(
        _ source: PointSource, _ codes: [Int32], _ probabilities: [String]
    ) throws(InputError) {
        self.source = source
        header = try LASHeader(source)
        classes = probabilities.count
        let most = Int32(header.labelMask)
        if let code = codes.first(where: { $0 < 0 || $0 > most }) {
            throw source.error(
                "points of format \(header.pointFormat) hold classes 0 to \(most), but the run "
                    + "writes the class \(code); "
                    + (most == 255
                        ? "write PLY instead"
                        : "convert the file to a point format from 6 on (laspy.convert with "
                            + "point_format_id), or write PLY instead"))
        }
        let kept = try source.read(0, header.dataOffset, of: "what lies before the points")
        head =
            probabilities.isEmpty
            ? kept : try LASCopy.head(kept, header, source, probabilities)
    }

    /// The bytes before the points with the probabilities' descriptors.
    private static func head(
        _ kept: [UInt8], _ header: LASHeader, _ source: PointSource, _ names: [String]
    ) throws(InputError) -> [UInt8] {
        let extra = try LASExtraBytes(header, source)
        let known = Set(extra.fields.map(\.name))
        var descriptors: [UInt8] = []
        var undescribed = extra.undescribed
        while undescribed > 0 {
            let count = min(255, undescribed)
            descriptors += LASExtraBytes.descriptor(undocumented: count)
            undescribed -= count
        }
        for name in PointFile.probabilityNames(names) {
            guard !known.contains(name.field) else {
                throw source.error(
                    "has the extra bytes \(name.field) already; predict the original, or leave "
                        + "--probabilities out")
            }
            descriptors += LASExtraBytes.descriptor(name.field, "probability of \(name.label)")
        }
        let old = extra.record.map(\.length) ?? 0
        let isNew = extra.record == nil
        let grown = descriptors.count + (isNew ? LASExtraBytes.recordHeader : 0)
        let recordLength = header.recordLength + 4 * names.count
        guard old + descriptors.count <= Int(UInt16.max), recordLength <= Int(UInt16.max),
            header.dataOffset + grown <= Int(UInt32.max)
        else {
            throw source.error(
                "no room for probabilities of \(names.count) classes; leave --probabilities out, "
                    + "or write PLY instead")
        }
        var head = kept
        if let record = extra.record {
            // Undescribed bytes of a damaged length stay behind the descriptors.
            let whole = record.length / LASExtraBytes.descriptorLength
            head.replace(at: record.start + 20, with: UInt16(old + descriptors.count))
            head.insert(
                contentsOf: descriptors,
                at: record.start + LASExtraBytes.recordHeader
                    + whole * LASExtraBytes.descriptorLength)
        } else {
            head.insert(
                contentsOf: LASExtraBytes.header(length: descriptors.count) + descriptors,
                at: extra.end)
            head.replace(at: 100, with: UInt32(header.records + 1))
        }
        head.replace(at: 96, with: UInt32(header.dataOffset + grown))
        head.replace(at: 105, with: UInt16(recordLength))
        // Where the waveform's record and the records behind the points begin.
        let end = header.dataOffset + header.count * header.recordLength
        let places = header.minorVersion >= 4 ? [227, 235] : header.minorVersion == 3 ? [227] : []
        let numbers = ByteNumbers(bytes: kept)
        for place in places {
            let start: UInt64 = numbers.integer(place)
            guard start >= UInt64(end) else { continue }
            let (moved, overflow) = start.addingReportingOverflow(
                UInt64(grown + 4 * names.count * header.count))
            guard !overflow else {
                throw source.error(
                    "records from byte \(start) in a file of \(source.count) bytes; it is damaged")
            }
            head.replace(at: place, with: moved)
        }
        return head
    }

    /// Writes the file.
    func write(_ handle: FileHandle, _ predict: CloudCopy.Predict) throws {
        try handle.write(contentsOf: Data(head))
        let length = header.recordLength
        var first = 0
        while first < header.count {
            let size = min(PointFile.blockSize, header.count - first)
            let numbers = ByteNumbers(
                bytes: try source.read(
                    header.dataOffset + first * length, size * length, of: "points from \(first)"))
            let found = try predict(
                header.positions(numbers, count: size, from: first, source))
            precondition(
                found.codes.count == size && found.probabilities.count == size * classes,
                "\(found.codes.count) classes of \(size) points")
            var records = numbers.bytes
            let keep = ~header.labelMask
            for point in 0..<size {
                let place = point * length + header.labelOffset
                records[place] =
                    records[place] & keep
                    | UInt8(truncatingIfNeeded: found.codes[point]) & header.labelMask
            }
            try handle.write(contentsOf: Data(widened(records, size, found.probabilities)))
            first += size
        }
        let end = header.dataOffset + header.count * length
        try handle.copy(end..<max(end, source.count), of: source)
    }

    /// Records with the probabilities behind each.
    private func widened(_ records: [UInt8], _ size: Int, _ probabilities: [Float]) -> [UInt8] {
        guard classes > 0 else { return records }
        let length = header.recordLength
        var wide: [UInt8] = []
        wide.reserveCapacity(size * (length + added))
        for point in 0..<size {
            wide += records[point * length..<(point + 1) * length]
            for label in 0..<classes { wide.append(number: probabilities[point * classes + label]) }
        }
        return wide
    }
}

extension PointFile {
    /// What the probabilities of classes are called in files: `p_` and the name, without blanks,
    /// 32 bytes at most, no two of them the same.
    static func probabilityNames(_ classes: [String]) -> [(field: String, label: String)] {
        var used: Set<String> = []
        return classes.map { label in
            let plain = String(
                label.map { $0.isWhitespace || $0.isNewline || $0 == "\0" ? "_" : $0 })
            var field = "p_\(plain)", number = 2
            while field.utf8.count > 32 { field.removeLast() }
            while !used.insert(field).inserted {
                field = "p_\(number)_\(plain)"
                while field.utf8.count > 32 { field.removeLast() }
                number += 1
            }
            return (field, label)
        }
    }
}
