// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// The pictures of a folder, found by their names without ending.
struct PictureFolder {
    /// Endings of pictures, in any case of letters.
    static let endings: Set<String> = [
        "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "webp", "bmp", "dib", "gif", "ppm",
        "pgm", "pnm", "jp2",
    ]
    /// Folders in each other deeper than this are not looked into.
    private static let deepest = 16

    /// The folder.
    let path: String
    /// Paths below the folder by the same paths without ending; sorted.
    private let files: [String: [String]]

    /// The pictures of a folder, with `isDeep` those of the folders below it too; none where it
    /// can't be listed.
    ///
    /// - Parameter within: Paths in the folder that pictures must be or lie in; nil for any.
    init(_ path: String, isDeep: Bool = false, within: [String]? = nil) {
        self.path = path
        var found: [String] = []
        for start in within ?? [""] {
            if Self.isPicture(start) {
                found.append(start)
            } else {
                found += Self.names(in: path, below: start, depth: isDeep ? Self.deepest : 0)
                    .filter(Self.isPicture)
            }
        }
        files = Dictionary(grouping: Set(found).sorted(), by: Self.stem)
    }

    /// Names without ending, sorted.
    var stems: [String] { files.keys.sorted() }

    /// The pictures of a name without ending; several where they differ in ending alone.
    func pictures(_ stem: String) -> [String] { files[stem] ?? [] }

    /// Whether there is a file of this name.
    func has(_ name: String) -> Bool { FileSystem.size(of: "\(path)/\(name)") != nil }

    /// The one picture of a name; nil where there is none.
    ///
    /// - Throws: Where there are two.
    func picture(_ stem: String) throws(InputError) -> String? {
        let found = pictures(stem)
        guard found.count < 2 else {
            throw InputError(
                "\(path)/\(found[0]): and \(found[1]) have one name but for the ending, so that an "
                    + "annotation \(stem) may be of either; expected one, move the other away")
        }
        return found.first
    }

    /// A path without its file's ending.
    static func stem(_ path: String) -> String { (path as NSString).deletingPathExtension }

    private static func isPicture(_ name: String) -> Bool {
        endings.contains((name as NSString).pathExtension.lowercased())
    }

    /// Files of a folder as paths from `root`, through links; hidden ones are left out.
    static func names(in root: String, below start: String = "", depth: Int = deepest) -> [String] {
        let folder = start.isEmpty ? root : "\(root)/\(start)"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
            let path = start.isEmpty ? name : "\(start)/\(name)"
            var isFolder: ObjCBool = false
            guard
                unsafe FileManager.default.fileExists(
                    atPath: "\(root)/\(path)", isDirectory: &isFolder)
            else { return [] }
            guard isFolder.boolValue else { return [path] }
            return depth > 0 ? Self.names(in: root, below: path, depth: depth - 1) : []
        }
    }
}
