// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
package import Regions

/// The numbers by which results name images and classes: those of an annotation file, or the run's.
package struct ResultNumbers: Sendable {
    /// The inputs in their order, and the run's classes by label, with the numbers of results.
    package let index: DetectionIndex
    /// Labels whose class the annotation file lacks.
    package let lacking: Set<Int>
    /// What a user should know before the work begins.
    package let notes: [String]

    /// Inputs numbered from 1, classes by the numbers of the run.
    package init(inputs: [String], labels: [String], ids: [Int]) {
        index = DetectionIndex(
            images: inputs.enumerated().map {
                .init(id: $0.offset + 1, file: $0.element, width: 0, height: 0)
            },
            categories: zip(ids, labels).map { .init(id: $0, name: $1) }, boxes: [])
        lacking = []
        notes = []
    }

    /// Inputs and classes numbered as an annotation file does.
    ///
    /// An input is the image whose file name its path ends with, folders included; with the images'
    /// folder given, the one whose file name is its path in there. Classes go by name.
    ///
    /// - Parameters:
    ///   - path: Annotations (COCO JSON); images and classes are read, and no annotation.
    ///   - imageFolder: What file names are relative to.
    ///   - labels: The run's classes, and `ids` its own numbers for them.
    /// - Throws: One line for an input that is no image of the file or may be several, for two
    ///   inputs that are one, and where the file has none of the classes.
    package init(
        inputs: [String], index path: String, imageFolder: String?, labels: [String], ids: [Int]
    ) throws(InputError) {
        let known = try COCOReader.readNames(path)
        let files = IndexedFiles(known.images, index: path, folder: imageFolder)
        var images: [DetectionIndex.Image] = [], owners: [Int: String] = [:]
        for input in inputs {
            var found = try files.image(of: input)
            if let other = owners.updateValue(input, forKey: found.id) {
                throw InputError(
                    "\(other) and \(input) are both image \(found.file) of \(path); "
                        + "expected one picture for it: name one of them, or give --images DIR, "
                        + "the folder that the file's names are relative to")
            }
            // All that names the image stays as it is.
            found.file = input
            images.append(found)
        }
        let numbers = Dictionary(grouping: known.categories, by: \.name)
        var categories: [DetectionIndex.Category] = [], lacking = Set<Int>()
        for (label, name) in labels.enumerated() {
            let found = known.categories.isEmpty ? [] : numbers[name] ?? []
            guard found.count < 2 else {
                throw InputError(
                    "\(path): has the class \(MessageText.quoted(name)) as "
                        + found.map { "\($0.id)" }.joined(separator: " and ")
                        + "; expected one number for it, remove the other")
            }
            if found.isEmpty { lacking.insert(label) }
            categories.append(.init(id: found.first?.id ?? ids[label], name: name))
        }
        var notes: [String] = []
        if known.categories.isEmpty {
            lacking = []
            notes.append("\(path) has no classes: results have the run's numbers")
        } else if lacking.count == labels.count {
            throw InputError(
                "\(path): has no class of the run (\(Self.list(labels))) but "
                    + "\(Self.list(known.categories.map(\.name))); expected classes of the same "
                    + "names, or leave --index out")
        } else if !lacking.isEmpty {
            let names = lacking.sorted().map { labels[$0] }
            notes.append(
                "\(path) has no class \(Self.list(names)): detections of "
                    + "\(names.count == 1 ? "it" : "them") are left out")
        }
        index = DetectionIndex(images: images, categories: categories, boxes: [])
        self.lacking = lacking
        self.notes = notes
    }

    /// The detections whose class has a number.
    package func numbered(_ detections: [Item<Box>]) -> [Item<Box>] {
        lacking.isEmpty ? detections : detections.filter { !lacking.contains($0.label) }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).map(MessageText.quoted).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}

/// The images of an annotation file by their paths.
private struct IndexedFiles {
    private let images: [DetectionIndex.Image]
    private let path: String
    private let folder: String?
    private let positions: [String: [Int]]

    init(_ images: [DetectionIndex.Image], index path: String, folder: String?) {
        self.images = images
        self.path = path
        self.folder = folder
        positions = Dictionary(
            grouping: images.indices, by: { Self.parts(images[$0].file).joined(separator: "/") })
    }

    func image(of input: String) throws(InputError) -> DetectionIndex.Image {
        var names: [String] = []
        if let folder {
            names = [try relative(input, to: folder)]
        } else {
            let parts = Self.parts(URL(fileURLWithPath: input).standardizedFileURL.path)
            names = parts.indices.map { parts[$0...].joined(separator: "/") }
        }
        let found = names.flatMap { positions[$0] ?? [] }.map { images[$0] }
        guard let first = found.first else {
            let last = Self.parts(input).last
            let near = images.first { Self.parts($0.file).last == last }
            let example = near.map { " (such as \($0.file))" } ?? ""
            let place = folder.map { ", relative to \($0)" } ?? ""
            throw InputError(
                "\(input): is none of the \(images.count) images of \(path); expected a path "
                    + "that ends with one of its file names\(example)\(place), or leave --index out"
            )
        }
        guard found.count == 1 else {
            let list = found.prefix(3).map { "\($0.idJSON) (\($0.file))" }.joined(
                separator: " and ")
            throw InputError(
                "\(input): may be image \(list) of \(path); "
                    + (folder == nil
                        ? "give --images DIR, the folder that the file's names are relative to"
                        : "expected each file name once"))
        }
        return first
    }

    /// The path of `input` in `folder`, through links where it does not lie there as written.
    private func relative(_ input: String, to folder: String) throws(InputError) -> String {
        let (file, base) = (URL(fileURLWithPath: input), URL(fileURLWithPath: folder))
        for (file, base) in [
            (file.standardizedFileURL, base.standardizedFileURL),
            (file.resolvingSymlinksInPath(), base.resolvingSymlinksInPath()),
        ] {
            let (parts, start) = (Self.parts(file.path), Self.parts(base.path))
            if parts.starts(with: start) {
                return parts.dropFirst(start.count).joined(separator: "/")
            }
        }
        throw InputError("\(input): lies outside \(folder); expected a file in --images")
    }

    /// The parts of a path, whichever way its slashes lean.
    private static func parts(_ path: String) -> [Substring] {
        path.split { $0 == "/" || $0 == "\\" }.filter { $0 != "." }
    }
}
