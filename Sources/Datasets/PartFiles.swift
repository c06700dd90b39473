// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// Where a part of a data set lies, and the files that are there.
package struct PartFiles {
    /// Below the set's folder, as the manifest writes it; nil where nothing of the part was found.
    package let place: String?
    /// Paths of its files below that place, sorted; the place itself where the manifest names a file.
    package let files: [String]
    /// Other files beside them, sorted.
    package let others: [String]

    /// Looks at the part's places in order and takes the first with a file in it.
    ///
    /// - Parameters:
    ///   - folder: The set's folder.
    ///   - endings: Endings that files must have, in small letters; nil for any.
    package init(_ part: Manifest.Part, in folder: String, endings: Set<String>?) {
        for place in part.at {
            let path = place == "." ? folder : "\(folder)/\(place)"
            guard let pattern = part.files else {
                if FileManager.default.fileExists(atPath: path) {
                    (self.place, files, others) = (place, [""], [])
                    return
                }
                continue
            }
            let steps = pattern.lowercased().split(separator: "/").map(Array.init)
            var walk = Walk(steps: steps, endings: endings, wantsFolders: part.kind == .room)
            walk.look(in: path, below: "", step: 0)
            if !walk.files.isEmpty {
                (self.place, files, others) = (place, walk.files, walk.others)
                return
            }
        }
        (place, files, others) = (nil, [], [])
    }

    /// The walk down a pattern: as deep as it has parts and no deeper.
    private struct Walk {
        let steps: [[Character]]
        let endings: Set<String>?
        let wantsFolders: Bool
        var files: [String] = []
        var others: [String] = []

        mutating func look(in folder: String, below: String, step: Int) {
            let isLast = step == steps.count - 1
            for name in FileSystem.names(in: folder) where !name.hasPrefix(".") {
                let path = "\(folder)/\(name)", relative = below.isEmpty ? name : "\(below)/\(name)"
                let isFolder = FileSystem.isFolder(path)
                let fits = PartFiles.fits(Array(name.lowercased()), steps[step])
                if !isLast {
                    if isFolder && fits { look(in: path, below: relative, step: step + 1) }
                } else if isFolder == wantsFolders, fits, hasEnding(name) {
                    files.append(relative)
                } else if !isFolder, steps[step].contains("*") {
                    others.append(relative)
                }
            }
        }

        private func hasEnding(_ name: String) -> Bool {
            guard let endings else { return true }
            return endings.contains((name as NSString).pathExtension.lowercased())
        }
    }

    /// Whether a name fits a pattern in which `*` stands for any letters, none included.
    package static func fits(_ name: [Character], _ pattern: [Character]) -> Bool {
        var place = 0, step = 0
        // Where the last star was, and how much of the name it has taken.
        var star: (step: Int, place: Int)?
        while place < name.count {
            if step < pattern.count, pattern[step] == "*" {
                star = (step, place)
                step += 1
            } else if step < pattern.count, pattern[step] == name[place] {
                step += 1
                place += 1
            } else if let last = star {
                star = (last.step, last.place + 1)
                (step, place) = (last.step + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[step...].allSatisfy { $0 == "*" }
    }

    /// The name of a file without its folders and its ending.
    package static func stem(_ path: String) -> String {
        ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    }
}
