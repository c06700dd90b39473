// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import TextFormats

/// One Pascal VOC file: an image and the corners of its boxes.
///
/// A box is xmin to xmax and ymin to ymax, taken as they stand: its width is xmax - xmin.
package struct VOCAnnotation: Sendable, Equatable {
    /// An annotated object.
    package struct Object: Sendable, Equatable {
        /// Name of the class.
        package var name: String?
        /// Corners in pixels: left, upper, right, lower.
        package var xmin, ymin, xmax, ymax: Double?
        /// Whether it need not be found.
        package var isDifficult = false
        /// What is wrong first, with what was expected.
        package var fault: String?

        fileprivate mutating func blame(_ text: String) {
            if fault == nil { fault = text }
        }

        fileprivate mutating func check() {
            if name?.isEmpty ?? true { blame("has no name; expected a class") }
            guard let xmin, let ymin, let xmax, let ymax else {
                return blame("has no whole bndbox; expected xmin, ymin, xmax and ymax")
            }
            if xmax < xmin || ymax < ymin {
                blame(
                    "has corners \(MessageText.number(xmin)), \(MessageText.number(ymin)) to "
                        + "\(MessageText.number(xmax)), \(MessageText.number(ymax)); expected "
                        + "the upper left one first")
            }
        }
    }

    /// The image's file as the annotation names it.
    package private(set) var file: String?
    /// Size in pixels as the annotation says.
    package private(set) var width, height: Int?
    /// The objects in file order.
    package private(set) var objects: [Object] = []
    /// What is wrong first with the image's own values.
    package private(set) var fault: String?

    /// Reads a file of at most 64 MiB.
    ///
    /// - Throws: One line for a file that cannot be read, is no XML or holds no annotation.
    package static func read(_ path: String) throws(InputError) -> VOCAnnotation {
        let bytes = try TextFile.read(
            path, expected: "a Pascal VOC XML file", limit: 64 << 20)
        return try VOCAnnotation(
            terminated: try XMLEncoding.utf8(bytes, name: path) + [0], name: path)
    }

    /// Parses `text`; `name` stands for the file in messages.
    package static func parse(
        _ text: [UInt8], name: String
    ) throws(InputError) -> VOCAnnotation {
        try VOCAnnotation(
            terminated: try XMLEncoding.utf8(text, name: name) + [0], name: name)
    }

    private init(terminated bytes: [UInt8], name: String) throws(InputError) {
        var scanner = XMLScanner(terminated: bytes, name: name)
        var path: [String] = []
        var text = ""
        while let event = try scanner.next() {
            switch event {
            case .start(let element):
                guard !path.isEmpty || element == "annotation" else {
                    throw scanner.failure(
                        "found <\(element)>; expected <annotation> of Pascal VOC")
                }
                path.append(element)
                text = ""
                if path == ["annotation", "object"] { objects.append(Object()) }
            case .text(let part):
                // No value is longer.
                if text.utf8.count < 4096 { text += part }
            case .end:
                take(path.dropFirst(), text.trimmingCharacters(in: .whitespacesAndNewlines))
                path.removeLast()
                text = ""
            }
        }
        for index in objects.indices { objects[index].check() }
    }

    /// Takes the text of the element at a path below the root.
    private mutating func take(_ path: ArraySlice<String>, _ text: String) {
        switch Array(path) {
        case ["filename"]: file = text
        case ["size", "width"]: width = side(text)
        case ["size", "height"]: height = side(text)
        case ["object", "name"]: set(\.name, text, "name")
        case ["object", "difficult"]: objects[objects.count - 1].isDifficult = text == "1"
        case ["object", "bndbox", "xmin"]: set(\.xmin, number(text), "xmin", text)
        case ["object", "bndbox", "ymin"]: set(\.ymin, number(text), "ymin", text)
        case ["object", "bndbox", "xmax"]: set(\.xmax, number(text), "xmax", text)
        case ["object", "bndbox", "ymax"]: set(\.ymax, number(text), "ymax", text)
        default: break
        }
    }

    private mutating func side(_ text: String) -> Int? {
        // Some programs write whole numbers as 120.0.
        guard let number = Double(text), number == number.rounded(),
            let value = Int(exactly: number), (0...1_000_000_000).contains(value)
        else {
            if fault == nil {
                fault =
                    "has a side of \(MessageText.quoted(text)) pixels; expected a whole number"
            }
            return nil
        }
        // Some programs write 0 for a size they don't know.
        return value > 0 ? value : nil
    }

    private func number(_ text: String) -> Double? {
        Double(text).flatMap { abs($0) <= 1e9 ? $0 : nil }
    }

    /// Sets a value of the last object, once.
    private mutating func set<T>(
        _ member: WritableKeyPath<Object, T?>, _ value: T?, _ name: String, _ text: String = ""
    ) {
        let last = objects.count - 1
        if objects[last][keyPath: member] != nil {
            objects[last].blame("has \(name) twice; expected it once")
        } else if value == nil {
            objects[last].blame(
                "has \(MessageText.quoted(text)) as \(name); expected a number of pixels")
        }
        objects[last][keyPath: member] = value
    }
}
