// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation

/// The data set `furniture`: collections of Sweet Home 3D, `.sh3f` archives of OBJ meshes with a
/// catalogue.
enum FurnitureCollections {
    private static let catalogue = "PluginFurnitureCatalog.properties"
    /// Of the models of one class and one collection, each such one is for validation.
    private static let validationStep = 5

    static func items(
        _ data: PointDataRecipe
    ) throws -> (classes: PointClasses, items: [PointItem]) {
        let names = data.categories
        let files = try PointSources.files(in: data.source, endings: ["sh3f"])
        guard !files.isEmpty else {
            throw InputError(
                "no .sh3f collection; run `dr2net data fetch furniture`", path: data.source)
        }
        var items: [PointItem] = []
        for file in files {
            items += try collection(file, data)
        }
        if let empty = names.indices.first(where: { label in
            !items.contains {
                if case .shape(Int32(label), _) = $0.content { true } else { false }
            }
        }) {
            throw InputError(
                "no model of the category \"\(names[empty])\"; correct data.categories",
                path: data.source)
        }
        return (PointClasses(names: names), items)
    }

    private static func collection(
        _ file: String, _ data: PointDataRecipe
    ) throws -> [PointItem] {
        let path = "\(data.source)/\(file)"
        let stem = PointSources.identifier(file)
        let archive: ZipArchive
        let models: [(number: Int, category: String, model: String)]
        archive = try ZipArchive(path: path)
        models = try FurnitureCollections.models(archive.bytes(of: catalogue))
        var seen = [Int](repeating: 0, count: data.categories.count)
        return models.compactMap { number, category, model in
            guard let label = data.categories.firstIndex(of: category) else { return nil }
            seen[label] += 1
            let isValidation =
                data.heldOut.map { $0 == stem } ?? (seen[label] % validationStep == 0)
            let name = "\(file)/\(model)"
            return PointItem(
                id: "\(stem)-\(number)", subset: isValidation ? .validation : .training,
                name: name, paths: [path],
                content: .shape(label: Int32(label)) {
                    let bytes = try archive.bytes(of: model)
                    return try SurfacePoints.sample(
                        TriangleMesh.read(bytes: bytes, name: name), count: data.surfacePoints,
                        name: name, path: name)
                })
        }
    }

    /// The entries of a catalogue that have a category and a mesh, by number.
    ///
    /// Lines are `category#N=NAME` and `model#N=/PATH.obj`, in Latin-1.
    static func models(
        _ bytes: [UInt8]
    ) -> [(number: Int, category: String, model: String)] {
        var categories: [Int: String] = [:], models: [Int: String] = [:]
        let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        for line in text.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "="), let hash = line.firstIndex(of: "#"),
                hash < equals,
                let number = Int(line[line.index(after: hash)..<equals])
            else { continue }
            let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            switch line[..<hash] {
            case "category": categories[number] = value
            case "model": models[number] = value.hasPrefix("/") ? String(value.dropFirst()) : value
            default: continue
            }
        }
        return categories.keys.sorted().compactMap { number in
            guard let category = categories[number], let model = models[number] else { return nil }
            return (number, category, model)
        }
    }
}
