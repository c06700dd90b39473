// SPDX-License-Identifier: Apache-2.0
public import Files
import TextFormats

/// The safetensors format: an 8-byte header length, a JSON header, then the arrays' bytes.
public enum Safetensors {
    /// The longest header accepted, as in the format's reference implementation.
    static let largestHeader = 100_000_000

    /// Reads a whole file, one array at a time.
    ///
    /// float32 and float64 keep their bits; float16 and bfloat16 become float32; integers and
    /// booleans become `IntegerArray`, U8 `ByteArray`. The arrays must cover the data without
    /// holes or overlaps and no name may occur twice.
    public static func read(_ path: String) throws(InputError) -> StateDict {
        try read(ByteSource(path: path))
    }

    /// One array as the header describes it.
    struct Entry {
        var name: String
        var type: ScalarType
        var shape: [Int]
        var begin: Int
        var end: Int
    }

    static func read(_ source: ByteSource) throws(InputError) -> StateDict {
        let prefix = try source.read(0, 8, of: "the header's length")
        guard let length = Int(exactly: prefix.littleEndian(0, as: UInt64.self)),
            length >= 2, length <= largestHeader
        else {
            throw source.error(
                "the header's length is not between 2 and \(largestHeader) bytes; this is not a "
                    + "safetensors file or it is damaged")
        }
        let bytes = try source.read(8, length, of: "the header")
        let data = try source.slice(8 + length, source.count - 8 - length, of: "the data")
        let (entries, metadata) = try header(bytes, source)
        try checkCoverage(entries, of: data)
        var result = StateDict(metadata: metadata)
        for entry in entries {
            let part = try data.slice(entry.begin, entry.end - entry.begin, of: entry.name)
            let value = try TensorDecoder.decode(
                part, entry.type, shape: entry.shape, what: "the array \(entry.name)")
            result.setValue(value, for: entry.name, storedAs: entry.type)
        }
        return result
    }

    private static func header(
        _ bytes: [UInt8], _ source: ByteSource
    ) throws(InputError) -> (entries: [Entry], metadata: [String: String]) {
        guard bytes.first == UInt8(ascii: "{") else {
            throw source.error("the header does not begin with '{'; this is not a safetensors file")
        }
        var scanner = JSONScanner(terminated: bytes + [0], name: "\(source.path): header")
        var entries: [Entry] = []
        var metadata: [String: String]?
        var seen: Set<String> = []
        try scanObject(&scanner) { (scanner, name) throws(InputError) in
            if name == "__metadata__" {
                guard metadata == nil else { throw duplicate(name, source) }
                metadata = try scanMetadata(&scanner, source)
            } else {
                guard seen.insert(name).inserted else { throw duplicate(name, source) }
                entries.append(try scanEntry(&scanner, name, source))
            }
        }
        try scanner.end()
        entries.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
        return (entries, metadata ?? [:])
    }

    /// Walks `{"key": …, …}`; `member` reads the value.
    private static func scanObject(
        _ scanner: inout JSONScanner,
        _ member: (inout JSONScanner, String) throws(InputError) -> Void
    ) throws(InputError) {
        try scanner.open("{")
        while let key = try scanner.nextName() { try member(&scanner, key) }
    }

    private static func scanMetadata(
        _ scanner: inout JSONScanner, _ source: ByteSource
    ) throws(InputError) -> [String: String] {
        var result: [String: String] = [:]
        try scanObject(&scanner) { (scanner, key) throws(InputError) in
            let text = try scanner.string()
            guard result.updateValue(text, forKey: key) == nil else {
                throw duplicate(key, source)
            }
        }
        return result
    }

    private static func scanEntry(
        _ scanner: inout JSONScanner, _ name: String, _ source: ByteSource
    ) throws(InputError) -> Entry {
        var type: ScalarType?
        var shape: [Int]?
        var offsets: [Int]?
        try scanObject(&scanner) { (scanner, key) throws(InputError) in
            let repeated: Bool
            switch key {
            case "dtype":
                let text = try scanner.string()
                guard let known = scalarTypes[text] else {
                    throw source.error(
                        "\(name) has the element type \(text), which is not supported; store it as "
                            + "F32")
                }
                repeated = type != nil
                type = known
            case "shape":
                repeated = shape != nil
                shape = try scanIntegers(&scanner, atMost: largestRank)
            case "data_offsets":
                repeated = offsets != nil
                offsets = try scanIntegers(&scanner, atMost: 2)
            default:
                throw source.error("\(name) has the unknown key \(key); the file is damaged")
            }
            guard !repeated else { throw duplicate("\(name).\(key)", source) }
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw source.error(
                "\(name) lacks dtype, shape or two data_offsets; the file is damaged")
        }
        guard offsets[0] <= offsets[1] else {
            throw source.error("\(name) ends at \(offsets[1]) before it begins at \(offsets[0])")
        }
        guard type.byteCount(of: shape) == offsets[1] - offsets[0] else {
            throw source.error(
                "\(name) has the shape \(shape) of \(type) but \(offsets[1] - offsets[0]) bytes; "
                    + "the file is damaged")
        }
        return Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private static func scanIntegers(
        _ scanner: inout JSONScanner, atMost limit: Int
    ) throws(InputError) -> [Int] {
        var result: [Int] = []
        try scanner.open("[")
        while try scanner.nextItem() {
            guard result.count < limit else {
                throw scanner.failure("found more numbers; expected at most \(limit)")
            }
            let kind = scanner.kind
            guard kind == .number, case .number(let number) = try scanner.whole(), number >= 0
            else {
                throw scanner.failure(
                    "found \(kind.rawValue); expected a whole number, non-negative and below 2^63")
            }
            result.append(number)
        }
        return result
    }

    /// Entries sorted by place must lie one behind the other and fill the data.
    private static func checkCoverage(
        _ entries: [Entry], of data: ByteSource
    ) throws(InputError) {
        var position = 0
        for entry in entries {
            guard entry.end <= data.count else {
                throw data.error(
                    "\(entry.name) ends at byte \(entry.end) of the data, which has only "
                        + "\(data.count); the file is cut short: fetch it again")
            }
            guard entry.begin >= position else {
                throw data.error(
                    "\(entry.name) begins at byte \(entry.begin) inside the array before it, which "
                        + "ends at \(position); the file is damaged")
            }
            guard entry.begin == position else {
                throw data.error(
                    "bytes \(position) to \(entry.begin) before \(entry.name) belong to no array; "
                        + "the file is damaged")
            }
            position = entry.end
        }
        guard position == data.count else {
            throw data.error(
                "\(data.count - position) bytes after the last array belong to no array; the file "
                    + "is damaged")
        }
    }

    private static func duplicate(_ key: String, _ source: ByteSource) -> InputError {
        source.error("the header has the key \(key) twice; the file is damaged")
    }

    static let scalarTypes = Dictionary(
        uniqueKeysWithValues: ScalarType.allCases.map { ($0.safetensorsName, $0) })
}
