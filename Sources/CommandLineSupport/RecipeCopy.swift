// SPDX-License-Identifier: Apache-2.0
package import Datasets
import Files
import Foundation
import Recipes

/// A copy of a recipe, for somebody to change.
package enum RecipeCopy {
    /// Copies a recipe to a file, and its bases, which it names by file, into the same folder.
    ///
    /// - Returns: The files written, the recipe's own first. A base that is there already with the
    ///   same text is none of them.
    /// - Throws: One line where a file is there already, or none can be written there; then
    ///   nothing was written.
    package static func write(
        _ recipe: RecipeCatalog.Recipe, to path: String
    ) throws -> [String] {
        let files = try RecipeDocument(path: recipe.path).files
        let folder = (path as NSString).deletingLastPathComponent
        var plan = OutputPlan(inputs: files)
        var copies: [(from: String, to: String)] = []
        for (index, file) in files.enumerated() {
            let name = (file as NSString).lastPathComponent
            let target = index == 0 ? path : (folder as NSString).appendingPathComponent(name)
            try plan.file(target, option: "--to", endings: ["yaml", "yml"])
            if FileManager.default.fileExists(atPath: target) {
                let isSame = FileManager.default.contentsEqual(atPath: file, andPath: target)
                if index > 0, isSame { continue }
                throw InputError(
                    "\(target): is there already; "
                        + (index == 0
                            ? "name another file with --to"
                            : "it would be replaced by the base of \(recipe.name): name a file in "
                                + "another folder with --to"))
            }
            copies.append((file, target))
        }
        for copy in copies {
            guard let data = FileManager.default.contents(atPath: copy.from) else {
                throw InputError("\(copy.from): can't be read; install the program again")
            }
            try AtomicFile.write(data, to: copy.to)
        }
        return copies.map(\.to)
    }
}
