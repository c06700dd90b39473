// SPDX-License-Identifier: Apache-2.0
import Files
import Regions

/// Annotations of one box a line, as VisDrone and YOLO have them.
enum BoxLines {
    private static let limit = 256 << 20
    /// The most numbers of a line, of formats without polygons.
    static let longest = 64
    /// How far beyond 0 and 1 a share may lie by rounding; the box is cut to the image.
    private static let tolerance = 0.01

    /// The numbers of each line; none for an empty line.
    ///
    /// An empty file has no boxes.
    ///
    /// - Parameter longest: The most numbers of a line.
    /// - Throws: One line for what is no number.
    static func read(
        _ path: String, longest: Int = Self.longest
    ) throws(InputError) -> [[Double]] {
        if FileSystem.size(of: path) == 0 { return [] }
        let bytes = try TextFile.read(path, expected: "lines of numbers", limit: limit)
        return try parse(bytes, name: path, longest: longest)
    }

    /// Parses `text`; `name` stands for the file in messages.
    static func parse(
        _ text: [UInt8], name: String, longest: Int = Self.longest
    ) throws(InputError) -> [[Double]] {
        var lines: [[Double]] = []
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        for (number, line) in text.dropFirst(text.starts(with: mark) ? mark.count : 0).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            var values: [Double] = []
            let parts = line.split { byte in
                byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ")
                    || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
            }
            for part in parts {
                let word = String(decoding: part.prefix(64), as: UTF8.self)
                guard values.count < longest, part.count <= 64, let value = Double(word),
                    value.isFinite
                else {
                    throw InputError(
                        "\(name): line \(number + 1): found \(MessageText.quoted(word)); "
                            + "expected at most \(longest) numbers")
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
    ) throws(InputError) -> AnnotatedBox {
        let isYOLO = format == .yolo
        // Five numbers are a box, more a polygon: a point is two numbers.
        let isPolygon = isYOLO && values.count > 5 && values.count % 2 == 1
        guard isYOLO ? values.count == 5 || isPolygon : values.count >= 6 && values.count <= 8
        else {
            throw InputError(
                "found \(values.count) numbers; expected "
                    + (isYOLO
                        ? "class, centre x, centre y, width, height, or class and the corners of "
                            + "a polygon"
                        : "x, y, width, height, score, class, truncation, occlusion"))
        }
        let number = isYOLO ? values[0] : values[5]
        guard number == number.rounded(), number >= 0, number < Double(classes) else {
            throw InputError(
                "found class \(MessageText.number(number)); expected a whole number from 0 to "
                    + "\(classes - 1)")
        }
        if isYOLO { return try shares(values, isPolygon, image) }
        let box = Array(values.prefix(4))
        guard box[2] >= 0, box[3] >= 0, box.allSatisfy({ abs($0) <= 1e9 }) else {
            throw InputError(
                "found a box of \(MessageText.number(box[2])) x \(MessageText.number(box[3])); "
                    + "expected a size that is not negative")
        }
        return AnnotatedBox(
            Item(
                Rectangle(x: box[0], y: box[1], width: box[2], height: box[3]), label: Int(number),
                in: image.position), isIgnored: values[4] == 0)
    }

    /// The box of shares of an image: its own, or that around a polygon.
    private static func shares(
        _ values: [Double], _ isPolygon: Bool, _ image: (position: Int, width: Int, height: Int)
    ) throws(InputError) -> AnnotatedBox {
        let shares = values.dropFirst()
        guard shares.allSatisfy({ $0 >= -tolerance && $0 <= 1 + tolerance }) else {
            throw InputError("found numbers outside 0...1; expected shares of the image")
        }
        let w = Double(image.width), h = Double(image.height)
        guard isPolygon else {
            guard values[3] >= 0, values[4] >= 0 else {
                throw InputError(
                    "found a box of \(MessageText.number(values[3])) x "
                        + "\(MessageText.number(values[4])); expected a size that is not negative")
            }
            return AnnotatedBox(
                Item(
                    Rectangle(
                        x: (values[1] - values[3] / 2) * w, y: (values[2] - values[4] / 2) * h,
                        width: values[3] * w, height: values[4] * h), label: Int(values[0]),
                    in: image.position))
        }
        var (left, top, right, bottom) = (values[1], values[2], values[1], values[2])
        for point in stride(from: 1, to: values.count, by: 2) {
            (left, right) = (min(left, values[point]), max(right, values[point]))
            (top, bottom) = (min(top, values[point + 1]), max(bottom, values[point + 1]))
        }
        return AnnotatedBox(
            Item(
                Rectangle(
                    x: left * w, y: top * h, width: (right - left) * w, height: (bottom - top) * h),
                label: Int(values[0]), in: image.position))
    }
}
