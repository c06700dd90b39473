// SPDX-License-Identifier: Apache-2.0
import CZlib
package import Files

/// The directory of a zip archive (zip64 included) and its members' contents.
///
/// Members are stored or deflated, not encrypted, and do not overlap, so that what a small
/// archive can unfold to is bounded.
package struct ZipArchive {
    struct Member {
        var name: String
        /// 0 stored, 8 deflated.
        var method: Int
        var checksum: UInt32
        var compressedSize: Int
        var size: Int
        /// Where its local header begins.
        var header: Int
    }

    /// Deflate cannot do better than this (zlib's technical notes: 1032 to 1).
    static let largestRatio = 1032

    let source: ByteSource
    private(set) var members: [Member] = []

    static func isZip(_ prefix: [UInt8]) -> Bool {
        // A first member or the end of an empty archive.
        prefix.starts(with: [0x50, 0x4B, 3, 4]) || prefix.starts(with: [0x50, 0x4B, 5, 6])
    }

    init(_ source: ByteSource) throws(InputError) {
        self.source = source
        let directory = try ZipDirectoryEnd(source)
        let bytes = try source.read(directory.offset, directory.size, of: "the zip directory")
        var position = 0
        var names: Set<String> = []
        for _ in 0..<directory.count {
            let member = try ZipArchive.member(bytes, &position, source)
            guard names.insert(member.name).inserted else {
                throw source.error("the archive has the member \(member.name) twice")
            }
            members.append(member)
        }
        guard position == bytes.count else {
            throw source.error("the zip directory is longer than its \(members.count) members")
        }
        try checkOverlap(before: directory.offset)
    }

    /// Opens an archive and reads its directory.
    package init(path: String) throws(InputError) { try self.init(ByteSource(path: path)) }

    /// The names of the members, in the directory's order.
    package var names: [String] { members.map(\.name) }

    /// The contents of a member.
    ///
    /// - Throws: when there is none of that name, or it is damaged.
    package func bytes(of name: String) throws(InputError) -> [UInt8] {
        guard let member = members.first(where: { $0.name == name }) else {
            throw source.error("the archive has no member \(name)")
        }
        let contents = try contents(of: member)
        return try contents.read(0, contents.count, of: "the member \(name)")
    }

    /// A member's stored bytes in place, or its inflated bytes in memory.
    ///
    /// - Throws: when lengths or the checksum do not agree with the directory.
    func contents(of member: Member) throws(InputError) -> ByteSource {
        let what = "the member \(member.name)"
        let local = try source.read(member.header, 30, of: "\(what)'s header")
        guard local.littleEndian(0, as: UInt32.self) == 0x0403_4B50 else {
            throw source.error("\(what) has no header where the directory says; damaged archive")
        }
        let start =
            member.header + 30 + Int(local.littleEndian(26, as: UInt16.self))
            + Int(local.littleEndian(28, as: UInt16.self))
        let packed = try source.slice(start, member.compressedSize, of: what)
        let result: ByteSource
        if member.method == 0 {
            result = packed
        } else {
            result = ByteSource(
                bytes: try Inflater.inflate(packed, size: member.size, what: what),
                path: source.path)
        }
        guard try checksum(of: result, what) == member.checksum else {
            throw source.error("\(what) has a wrong checksum; the file is damaged: fetch it again")
        }
        return result
    }

    private func checksum(of part: ByteSource, _ what: String) throws(InputError) -> UInt32 {
        var sum = crc32(0, nil, 0)
        let chunk = 1 << 20
        for start in stride(from: 0, to: part.count, by: chunk) {
            let bytes = try part.read(start, min(chunk, part.count - start), of: what)
            sum = unsafe crc32(sum, bytes, uInt(bytes.count))
        }
        return UInt32(truncatingIfNeeded: sum)
    }

    private static func member(
        _ bytes: [UInt8], _ position: inout Int, _ source: ByteSource
    ) throws(InputError) -> Member {
        let start = position
        let damaged = source.error("the zip directory is damaged at byte \(start)")
        guard bytes.count - start >= 46, bytes.littleEndian(start, as: UInt32.self) == 0x0201_4B50
        else { throw damaged }
        func short(_ offset: Int) -> Int {
            Int(bytes.littleEndian(start + offset, as: UInt16.self))
        }
        func long(_ offset: Int) -> Int { Int(bytes.littleEndian(start + offset, as: UInt32.self)) }
        let nameEnd = start + 46 + short(28)
        let extraEnd = nameEnd + short(30)
        position = extraEnd + short(32)
        guard position <= bytes.count else { throw damaged }
        guard let name = String(validating: bytes[(start + 46)..<nameEnd], as: UTF8.self) else {
            throw source.error("a member's name is not valid UTF-8")
        }
        var member = Member(
            name: name, method: short(10), checksum: UInt32(truncatingIfNeeded: long(16)),
            compressedSize: long(20), size: long(24), header: long(42))
        try widen(&member, Array(bytes[nameEnd..<extraEnd]), damaged)
        guard short(8) & 1 == 0 else { throw source.error("\(name) is encrypted") }
        let (bound, overflow) = member.compressedSize.multipliedReportingOverflow(by: largestRatio)
        switch member.method {
        case 0 where member.size == member.compressedSize: break
        case 8 where overflow || member.size <= bound: break
        case 0, 8:
            throw source.error(
                "\(name) claims \(member.size) bytes from \(member.compressedSize), which is "
                    + "impossible; the file is damaged or hostile")
        default:
            throw source.error(
                "\(name) is compressed by method \(member.method), expected stored or deflated")
        }
        return member
    }

    /// Takes 64-bit sizes from the zip64 extra field where the 32-bit ones are all ones.
    private static func widen(
        _ member: inout Member, _ extra: [UInt8], _ damaged: InputError
    ) throws(InputError) {
        let full = Int(UInt32.max)
        guard member.size == full || member.compressedSize == full || member.header == full else {
            return
        }
        var position = 0
        while extra.count - position >= 4 {
            let kind = extra.littleEndian(position, as: UInt16.self)
            let end = position + 4 + Int(extra.littleEndian(position + 2, as: UInt16.self))
            guard end <= extra.count else { throw damaged }
            position += 4
            guard kind == 1 else {
                position = end
                continue
            }
            for field in [\Member.size, \.compressedSize, \.header]
            where member[keyPath: field] == full {
                guard end - position >= 8,
                    let value = Int(exactly: extra.littleEndian(position, as: UInt64.self))
                else { throw damaged }
                member[keyPath: field] = value
                position += 8
            }
            return
        }
        // No zip64 field: the sizes really are 2^32 - 1, or wrong and found so later.
    }

    private func checkOverlap(before directory: Int) throws(InputError) {
        var position = 0
        for member in members.sorted(by: { $0.header < $1.header }) {
            let (data, overflow) = member.header.addingReportingOverflow(30)
            let (end, carry) = data.addingReportingOverflow(member.compressedSize)
            guard !overflow, !carry, member.header >= position, end <= directory else {
                throw source.error(
                    "\(member.name) overlaps another member or lies outside the archive; the file "
                        + "is damaged")
            }
            position = end
        }
    }
}

/// Where the central directory of a zip archive lies.
struct ZipDirectoryEnd {
    private(set) var offset: Int
    private(set) var size: Int
    private(set) var count: Int

    init(_ source: ByteSource) throws(InputError) {
        let tail = min(source.count, 22 + 65_535)
        let tailStart = source.count - tail
        let bytes = try source.read(tailStart, tail, of: "the end of the archive")
        let place = stride(from: tail - 22, through: 0, by: -1).first { start in
            bytes.littleEndian(start, as: UInt32.self) == 0x0605_4B50
                && start + 22 + Int(bytes.littleEndian(start + 20, as: UInt16.self)) == tail
        }
        guard let place else {
            throw source.error(
                "the archive has no directory; the file is cut short: fetch it again")
        }
        count = Int(bytes.littleEndian(place + 10, as: UInt16.self))
        size = Int(bytes.littleEndian(place + 12, as: UInt32.self))
        offset = Int(bytes.littleEndian(place + 16, as: UInt32.self))
        let isWide =
            count == 0xFFFF || size == Int(UInt32.max) || offset == Int(UInt32.max)
        if isWide, place >= 20, bytes.littleEndian(place - 20, as: UInt32.self) == 0x0706_4B50 {
            try readWide(source, locator: bytes.littleEndian(place - 12, as: UInt64.self))
        }
        guard source.contains(offset: offset, count: size), count <= size / 46 else {
            throw source.error(
                "the zip directory of \(count) members and \(size) bytes at \(offset) does not fit "
                    + "the file; it is cut short or damaged: fetch it again")
        }
    }

    private mutating func readWide(
        _ source: ByteSource, locator: UInt64
    ) throws(InputError) {
        guard let start = Int(exactly: locator) else {
            throw source.error("the zip64 directory lies at an impossible place")
        }
        let record = try source.read(start, 56, of: "the zip64 directory's end")
        guard record.littleEndian(0, as: UInt32.self) == 0x0606_4B50,
            let count = Int(exactly: record.littleEndian(32, as: UInt64.self)),
            let size = Int(exactly: record.littleEndian(40, as: UInt64.self)),
            let offset = Int(exactly: record.littleEndian(48, as: UInt64.self))
        else { throw source.error("the zip64 directory's end is damaged") }
        (self.count, self.size, self.offset) = (count, size, offset)
    }
}
