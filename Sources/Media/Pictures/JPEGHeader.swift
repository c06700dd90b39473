// SPDX-License-Identifier: Apache-2.0
import Files

/// The header of a JPEG file: its size and EXIF's orientation.
enum JPEGHeader {
    /// More segments before the frame's are taken for damage.
    private static let maximumSegments = 10_000

    /// Whether the mark of the end stands somewhere behind the first one of pixels.
    ///
    /// Decoders paint what is missing grey, without a word. Inside packed pixels the mark cannot be.
    static func hasEnd(_ path: String) -> Bool {
        guard let source = try? ByteSource(path: path) else { return false }
        let piece = 1 << 16
        // From the end, where it should be; pieces overlap by a byte.
        var end = source.count
        while end > 1 {
            let start = max(0, end - piece)
            guard let bytes = try? source.read(start, end - start, of: "the end") else {
                return false
            }
            for index in stride(from: bytes.count - 2, through: 0, by: -1)
            where bytes[index] == 0xFF {
                if bytes[index + 1] == 0xD9 { return true }
                // A mark of pixels' start: what is before is a thumbnail's.
                if bytes[index + 1] == 0xDA { return false }
            }
            end = start + 1
            if start == 0 { break }
        }
        return false
    }

    /// What the segments before the pixels say; nil where no frame is among them.
    static func info(_ source: ByteSource) throws(InputError) -> ImageInfo? {
        let order = ByteOrder.bigEndian
        var place = 2
        var orientation = ImageOrientation.upright
        for _ in 0..<maximumSegments {
            guard source.contains(offset: place, count: 4) else { return nil }
            let head = try source.read(place, 4, of: "a JPEG segment")
            guard head[0] == 0xFF else { return nil }
            let marker = head[1]
            // Filling.
            if marker == 0xFF {
                place += 1
                continue
            }
            let count = order.number(head, 2, 2)
            switch marker {
            case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
                let frame = try source.read(place + 4, 6, of: "the JPEG frame")
                return try ImageInfo(
                    source.path, "JPEG", width: order.number(frame, 3, 2),
                    height: order.number(frame, 1, 2), orientation: orientation, rowMemory: nil)
            case 0xE1:
                let available = max(0, min(count - 2, source.count - place - 4))
                let block = try source.read(place + 4, available, of: "EXIF")
                if block.starts(with: Array("Exif\0\0".utf8)) {
                    orientation = ImageOrientation(exif: Array(block.dropFirst(6)))
                }
            case 0xD9, 0xDA: return nil
            default: break
            }
            place += 2 + max(count, 2)
        }
        return nil
    }
}
