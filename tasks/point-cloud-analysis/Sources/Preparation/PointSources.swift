// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// A scene or shape that is to be prepared.
struct PointItem: Sendable {
    /// What it is made of.
    enum Content: Sendable {
        /// A part of a cloud, which can be read again and again.
        case scene(open: @Sendable () throws -> any PointReader, region: CloudRegion)
        /// A class and the points of the surface.
        case shape(label: Int32, read: @Sendable () throws -> [SIMD3<Float>])
    }

    /// Its file name in the prepared folder.
    let id: String
    let subset: PointIndex.Subset
    /// What it is called in the index.
    let name: String
    /// The files that it is made of.
    let paths: [String]
    /// What it depends on beside its files.
    var mark = ""
    let content: Content
}

extension PointDataRecipe {
    /// The classes that training will have, without a look at the source where the recipe says.
    package func namedClasses() throws -> PointClasses {
        switch kind {
        case .s3dis: PointClasses(names: S3DISRoom.classes)
        case .furniture: PointClasses(names: categories)
        case .scanobjectnn: classes ?? PointClasses(names: ScanObjectArrays.classes)
        case .scenes, .modelnet: try classes ?? PointSources.items(self).classes
        }
    }
}

/// The scenes or shapes of a recipe's source.
enum PointSources {
    /// Everything that is to be prepared, in a fixed order, and the classes.
    static func items(
        _ data: PointDataRecipe
    ) throws -> (classes: PointClasses, items: [PointItem]) {
        var result: (classes: PointClasses, items: [PointItem])
        switch data.kind {
        case .scenes:
            guard let classes = data.classes else {
                throw InputError("data.classes is missing", path: data.source)
            }
            result = (classes, try scenes(data))
        case .s3dis: result = (PointClasses(names: S3DISRoom.classes), try areas(data))
        case .modelnet: result = try ModelNetFolder.items(data)
        case .furniture: result = try FurnitureCollections.items(data)
        case .scanobjectnn: result = try ScanObjectArrays.items(data)
        }
        guard !result.items.isEmpty else {
            throw InputError("nothing to prepare here; correct data.source", path: data.source)
        }
        try checkNames(result.items, data.source)
        return result
    }

    private static func checkNames(
        _ items: [PointItem], _ source: String
    ) throws(InputError) {
        var names: Set<String> = []
        for item in items where !names.insert(item.id).inserted {
            throw InputError(
                "two sources would both be prepared as \(item.id); rename one of them", path: source
            )
        }
    }

    /// A file name for a relative path.
    static func identifier(_ name: String) -> String {
        let stem = (name as NSString).deletingPathExtension
        return String(
            stem.map { $0.isLetter || $0.isNumber || "-_.+".contains($0) ? $0 : "_" })
    }

    /// The files below a folder, as sorted relative paths.
    static func files(in folder: String, endings: Set<String>) throws(InputError) -> [String] {
        guard let names = FileManager.default.enumerator(atPath: folder) else {
            throw InputError("no such folder; fetch it or correct data.source", path: folder)
        }
        var found: [String] = []
        for case let name as String in names
        where endings.contains((name as NSString).pathExtension.lowercased())
            && !name.split(separator: "/").contains(where: { $0.hasPrefix(".") })
            && !name.hasPrefix("prepared-") && !name.contains("/prepared-")
        {
            found.append(name)
        }
        return found.sorted()
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    // MARK: LAS, PLY, npy

    /// Endings of clouds; those that can't be read are listed, too, so that it is said why.
    private static let clouds: Set<String> = ["las", "ply", "npy", "laz", "pcd", "e57"]

    private static func scenes(_ data: PointDataRecipe) throws(InputError) -> [PointItem] {
        let source = data.source
        guard FileManager.default.fileExists(atPath: source) else {
            throw InputError("no such file; fetch it or correct data.source", path: source)
        }
        let isFolder = isFolder(source)
        let name = (source as NSString).lastPathComponent
        let names = isFolder ? try files(in: source, endings: clouds) : [name]
        func path(_ file: String) -> String { isFolder ? "\(source)/\(file)" : source }
        func item(
            _ file: String, _ subset: PointIndex.Subset, _ region: CloudRegion, _ suffix: String
        ) -> PointItem {
            let path = path(file)
            return PointItem(
                id: identifier(file) + suffix, subset: subset, name: file, paths: [path],
                mark: region == .all ? "" : "\(region.axis) \(region.from) \(region.to), ",
                content: .scene(open: PointFile.opener(path, data.reading), region: region))
        }
        for file in data.training + data.validation where !names.contains(file) {
            throw InputError(
                "no file \(file), which data.training or data.validation names", path: source)
        }
        guard let split = data.split else {
            return data.training.map { item($0, .training, .all, "") }
                + data.validation.map { item($0, .validation, .all, "") }
        }
        // Files that are named for one part are whole; the others are split.
        return names.flatMap { file -> [PointItem] in
            if data.training.contains(file) { return [item(file, .training, .all, "")] }
            if data.validation.contains(file) { return [item(file, .validation, .all, "")] }
            return PointIndex.Subset.allCases.map {
                item(file, $0, split.region($0), "-\($0.rawValue)")
            }
        }
    }

    // MARK: S3DIS

    private static func areas(_ data: PointDataRecipe) throws(InputError) -> [PointItem] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: data.source) else {
            throw InputError(
                "no such folder; expected Area_1 to Area_6 of S3DIS", path: data.source)
        }
        let areas = names.filter { $0.hasPrefix("Area_") && Int($0.dropFirst(5)) != nil }.sorted()
        guard !areas.isEmpty else {
            throw InputError(
                "no folder Area_1 to Area_6; expected Stanford3dDataset_v1.2_Aligned_Version",
                path: data.source)
        }
        return areas.compactMap { area in
            let folder = "\(data.source)/\(area)"
            let rooms = S3DISRoom.rooms(in: folder)
            guard !rooms.isEmpty else { return nil }
            let isValidation = Int(area.dropFirst(5)).map(data.validationAreas.contains) ?? false
            return PointItem(
                id: area, subset: isValidation ? .validation : .training, name: area,
                paths: rooms,
                content: .scene(open: { try S3DISArea(folder, rooms) }, region: .all))
        }
    }
}
