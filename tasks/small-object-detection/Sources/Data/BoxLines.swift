// SPDX-License-Identifier: Apache-2.0
import TextFormats

/// Annotations of one box a line, as VisDrone and YOLO have them.
enum BoxLines {
    private static let limit = 256 << 20

    /// The numbers of each line; none for an empty line.
    ///
    /// An empty file has no boxes.
    ///
    /// - Throws: One line for what is no number.
    static func read(_ path: String) throws(DetectionError) -> [[Double]] {
        if TextFile.size(path) == 0 { return [] }
        let bytes = try DetectionError.wrapping {
            try TextFile.read(path, expected: "lines of numbers", limit: limit)
        }
        return try parse(bytes, name: path)
    }

    /// Parses `text`; `name` stands for the file in messages.
    static func parse(_ text: [UInt8], name: String) throws(DetectionError) -> [[Double]] {
        var lines: [[Double]] = []
        for (number, line) in text.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            var values: [Double] = []
            let parts = line.split { byte in
                byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ")
                    || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
            }
            for part in parts {
                let word = String(decoding: part.prefix(64), as: UTF8.self)
                guard values.count < 64, part.count <= 64, let value = Double(word), value.isFinite
                else {
                    throw DetectionError(
                        "\(name): line \(number + 1): found \(DetectionError.quoted(word)); "
                            + "expected at most 64 numbers")
                }
                values.append(value)
            }
            lines.append(values)
        }
        return lines
    }

    /// The box of a line.
    ///
    /// - Parameters:
    ///   - image: Position and size of its image; VisDrone's boxes are in pixels and need no size.
    ///   - classes: The number of classes.
    /// - Throws: What is wrong, without the place.
    static func box(
        _ values: [Double], _ format: AnnotationFormat,
        image: (position: Int, width: Int, height: Int), classes: Int
    ) throws(DetectionError) -> DetectionIndex.Box {
        let isYOLO = format == .yolo
        guard isYOLO ? values.count == 5 : values.count >= 6 && values.count <= 8 else {
            throw DetectionError(
                "found \(values.count) numbers; expected "
                    + (isYOLO
                        ? "class, centre x, centre y, width, height"
                        : "x, y, width, height, score, class, truncation, occlusion"))
        }
        let number = isYOLO ? values[0] : values[5]
        guard number == number.rounded(), number >= 0, number < Double(classes) else {
            throw DetectionError(
                "found class \(DetectionError.text(number)); expected a whole number from 0 to "
                    + "\(classes - 1)")
        }
        let numbers = isYOLO ? values.dropFirst() : values.prefix(4)
        let box = Array(numbers)
        guard box[2] >= 0, box[3] >= 0, box.allSatisfy({ abs($0) <= 1e9 }) else {
            throw DetectionError(
                "found a box of \(DetectionError.text(box[2])) x \(DetectionError.text(box[3])); "
                    + "expected a size that is not negative")
        }
        if isYOLO {
            guard box.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
                throw DetectionError("found numbers outside 0...1; expected shares of the image")
            }
            let w = Double(image.width), h = Double(image.height)
            return DetectionIndex.Box(
                image: image.position, category: Int(number), x: (box[0] - box[2] / 2) * w,
                y: (box[1] - box[3] / 2) * h, width: box[2] * w, height: box[3] * h)
        }
        return DetectionIndex.Box(
            image: image.position, category: Int(number), x: box[0], y: box[1], width: box[2],
            height: box[3], isIgnored: values[4] == 0)
    }
}
