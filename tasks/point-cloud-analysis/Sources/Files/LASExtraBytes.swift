// SPDX-License-Identifier: Apache-2.0
import Files

/// The extra bytes of a LAS file's points, as its record "LASF_Spec" 4 describes them (LAS 1.4, R15,
/// table 24).
struct LASExtraBytes: Sendable {
    /// One field of them.
    struct Field: Sendable {
        let name: String
        /// Its type; nil for undocumented bytes and for the deprecated arrays.
        let scalar: PLYHeader.Scalar?
        /// The first byte in a point's record.
        let offset: Int
        /// A value is its number times scale plus offset, where the file says so.
        let scale, shift: Double

        /// The values of points whose records were read.
        func values(_ numbers: ByteNumbers, _ header: LASHeader, _ count: Int) -> [Double] {
            guard let scalar else { return [] }
            let raw = numbers.column(
                scalar, from: offset, step: header.recordLength, count: count)
            return scale == 1 && shift == 0 ? raw : raw.map { $0 * scale + shift }
        }
    }

    static let descriptorLength = 192
    /// Bytes before a record's own.
    static let recordHeader = 54
    /// The number of the record.
    static let number: UInt16 = 4

    /// The fields, in order.
    let fields: [Field]
    /// Bytes at a record's end that no field describes.
    let undescribed: Int
    /// Where the record begins, and its bytes behind its header; nil where the file has none.
    let record: (start: Int, length: Int)?
    /// Where the records between header and points end.
    let end: Int

    private static let scalars: [PLYHeader.Scalar?] = [
        nil, .uint8, .int8, .uint16, .int16, .uint32, .int32, nil, nil, .float32, .float64,
    ]

    /// Reads the records between header and points.
    init(_ header: LASHeader, _ source: PointSource) throws(InputError) {
        var place = header.length
        var found: (start: Int, length: Int)?
        for number in 0..<header.records {
            guard place <= header.dataOffset - LASExtraBytes.recordHeader else {
                throw source.error(
                    "record \(number) of \(header.records) from byte \(place), but the points "
                        + "begin at \(header.dataOffset); the file is damaged")
            }
            let numbers = ByteNumbers(
                bytes: try source.read(place, LASExtraBytes.recordHeader, of: "record \(number)"))
            let length = Int(numbers.integer(20, as: UInt16.self))
            guard length <= header.dataOffset - place - LASExtraBytes.recordHeader else {
                throw source.error(
                    "record \(number) of \(length) bytes from byte \(place), but the points begin "
                        + "at \(header.dataOffset); the file is damaged")
            }
            if LASExtraBytes.isOwn(numbers), found == nil { found = (place, length) }
            place += LASExtraBytes.recordHeader + length
        }
        end = place
        record = found
        var fields: [Field] = []
        var offset = LASHeader.formatLengths[header.pointFormat]
        if let found {
            let count = found.length / LASExtraBytes.descriptorLength
            let numbers = ByteNumbers(
                bytes: try source.read(
                    found.start + LASExtraBytes.recordHeader,
                    count * LASExtraBytes.descriptorLength, of: "extra bytes"))
            for index in 0..<count {
                let (field, size) = LASExtraBytes.field(
                    numbers, index * LASExtraBytes.descriptorLength, offset)
                guard size <= header.recordLength - offset else {
                    throw source.error(
                        "the extra bytes \(field.name) end at byte \(offset + size) of points of "
                            + "\(header.recordLength); the file is damaged")
                }
                fields.append(field)
                offset += size
            }
        }
        self.fields = fields
        undescribed = header.recordLength - offset
    }

    /// Whether a record's header is that of extra bytes.
    static func isOwn(_ numbers: ByteNumbers) -> Bool {
        text(numbers.bytes[2..<18]) == "LASF_Spec" && numbers.integer(18) == number
    }

    private static func field(
        _ numbers: ByteNumbers, _ start: Int, _ offset: Int
    ) -> (field: Field, size: Int) {
        let type = Int(numbers.bytes[start + 2]), options = numbers.bytes[start + 3]
        let scalar = scalars.indices.contains(type) ? scalars[type] : nil
        let size: Int
        switch type {
        case 0: size = Int(options)
        case 7, 8: size = 8
        case 1...10: size = scalar?.size ?? 0
        // The deprecated pairs and triples of the same types.
        case 11...20: size = 2 * bytes(of: type - 10)
        case 21...30: size = 3 * bytes(of: type - 20)
        default: size = 0
        }
        let scale = type > 0 && options & 8 != 0 ? numbers.double(start + 112) : 1
        let shift = type > 0 && options & 16 != 0 ? numbers.double(start + 136) : 0
        return (
            Field(
                name: text(numbers.bytes[start + 4..<start + 36]), scalar: scalar,
                offset: offset, scale: scale, shift: shift), size
        )
    }

    private static func bytes(of type: Int) -> Int {
        type == 7 || type == 8 ? 8 : scalars[type]?.size ?? 0
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// A descriptor of a float32.
    static func descriptor(_ name: String, _ description: String) -> [UInt8] {
        descriptor(type: 9, options: 0, name, description)
    }

    /// A descriptor of bytes that nothing describes, 1 to 255.
    static func descriptor(undocumented count: Int) -> [UInt8] {
        descriptor(type: 0, options: UInt8(count), "undocumented", "")
    }

    private static func descriptor(
        type: UInt8, options: UInt8, _ name: String, _ description: String
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: descriptorLength)
        bytes[2] = type
        bytes[3] = options
        bytes.replaceSubrange(4..<36, with: padded(name, 32))
        bytes.replaceSubrange(160..<192, with: padded(description, 32))
        return bytes
    }

    /// The header of a record of extra bytes.
    static func header(length: Int) -> [UInt8] {
        var bytes: [UInt8] = [0, 0]
        bytes += padded("LASF_Spec", 16)
        bytes.append(number: number)
        bytes.append(number: UInt16(length))
        bytes += padded("probabilities", 32)
        return bytes
    }

    /// Text cut to a length at a character's end, zeros behind it.
    static func padded(_ text: String, _ length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in text {
            let more = Array(String(character).utf8)
            guard bytes.count + more.count <= length else { break }
            bytes += more
        }
        return bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }
}
