// SPDX-License-Identifier: Apache-2.0

/// Names files that can't be read, by their content.
enum ForeignFile {
    private static let convert = "convert the cloud to LAS or PLY"

    /// What a file is, what was expected and how to get there.
    static func message(_ start: [UInt8]) -> String {
        let expected = "expected LAS, PLY, .npy, OFF or OBJ"
        guard let name = name(start) else {
            return "found neither LAS, PLY, .npy, OFF nor OBJ; \(convert)"
        }
        return "found \(name.what), \(expected); \(name.hint)"
    }

    private static func name(_ start: [UInt8]) -> (what: String, hint: String)? {
        func begins(_ text: String) -> Bool { start.starts(with: Array(text.utf8)) }
        if begins("ASTM-E57") { return ("E57", "\(convert) with: pdal translate in.e57 out.las") }
        if begins("PK\u{3}\u{4}") {
            return ("a zip archive", "unpack it; of .npz take the array out as .npy")
        }
        if begins("\u{1F}") { return ("a compressed file", "unpack it first") }
        if start.starts(with: [0x89, 0x48, 0x44, 0x46]) {
            return ("HDF5", "convert it to .npy with h5py and numpy")
        }
        var text = TextStart(start)
        guard let words = text.words() else { return nil }
        let first = words[0].lowercased()
        switch first {
        case "version", "fields", "columns", "viewpoint":
            return (
                "a PCD file of the Point Cloud Library",
                "convert it with: pcl_pcd2ply in.pcd out.ply, or pdal translate in.pcd out.las"
            )
        case "solid": return ("STL", "convert the mesh to OFF or OBJ")
        case "<?xml": return ("XML", convert)
        default: break
        }
        let numbers = words.filter { Double($0) != nil }.count
        guard numbers == words.count, numbers >= 3 else {
            return words.count == 1 && Double(first) != nil
                ? ("a text of numbers (PTS?)", numbersHint) : nil
        }
        return ("\(numbers) numbers a line (XYZ, TXT)", numbersHint)
    }

    private static let numbersHint =
        "convert it to .npy with numpy: np.save('out.npy', np.loadtxt('in.txt')), columns x y z, "
        + "then intensity, or red green blue and class"
}

/// The beginning of a text, comments and a byte order mark left out.
struct TextStart {
    private var rest: ArraySlice<UInt8>

    /// Bytes of a byte order mark at the beginning of a file.
    static func mark(_ start: some Collection<UInt8>) -> Int {
        start.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    init(_ start: [UInt8]) { rest = start.dropFirst(TextStart.mark(start)) }

    /// The words of the first line that is neither empty nor a comment; nil where there is none or
    /// the beginning is no text.
    mutating func words() -> [String]? {
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0A && $0 != 0x0D }
            rest = rest.dropFirst(line.count + 1)
            guard !line.contains(0) else { return nil }
            var fields = Fields(line), words: [String] = []
            while let field = fields.next(), words.count < 64 {
                words.append(String(decoding: field, as: UTF8.self))
            }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            return words
        }
        return nil
    }
}
