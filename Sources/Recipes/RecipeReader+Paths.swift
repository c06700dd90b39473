// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Paths of a recipe: `data:NAME/FILE` lies below the data folder, and stays so in the resolved recipe.
///
/// Another relative path starts from the folder of the recipe that names it, or from the working
/// folder where an option sets it; `~/` is the home folder. The resolved recipe holds the absolute
/// path, so that a run can be resumed from anywhere.
extension RecipeReader {
    /// The path of a file or folder, nil where the key is absent or `null`.
    package func optionalPath(_ key: String) throws(InputError) -> String? {
        guard let text = try optionalText(key), !text.isEmpty else { return nil }
        return inDataFolder(noted(key, written(text, at: key)))
    }

    /// The path of a file or folder that must be given.
    package func requiredPath(_ key: String, expected: String) throws(InputError) -> String {
        guard let found = try optionalPath(key) else {
            throw error(key, "is missing; expected \(expected)")
        }
        return found
    }

    /// The paths of a list, or the single one that is written instead; one at least must be given.
    package func requiredPaths(_ key: String, expected: String) throws(InputError) -> [String] {
        guard let node = written(key) else {
            throw error(key, "is missing; expected \(expected)")
        }
        var texts: [String] = []
        if case .list = node.value {
            texts = try optionalTexts(key) ?? []
        } else if let text = try optionalText(key) {
            texts = [text]
        }
        guard !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty }) else {
            throw mismatch(key, node, expected: "a path or a list of paths")
        }
        let paths = texts.map { written($0, at: key) }
        return (paths.count == 1 ? [noted(key, paths[0])] : noted(key, paths)).map(inDataFolder)
    }

    /// A path as the resolved recipe holds it.
    private func written(_ text: String, at key: String) -> String {
        guard !text.hasPrefix(RecipeReader.dataMark) else { return text }
        let expanded = (text as NSString).expandingTildeInPath
        let folder = (node(at: key)?.folder ?? "") as NSString
        let whole =
            expanded.hasPrefix("/") ? expanded : folder.appendingPathComponent(expanded)
        return URL(fileURLWithPath: whole).standardizedFileURL.path
    }

    private func inDataFolder(_ path: String) -> String {
        path.hasPrefix(RecipeReader.dataMark)
            ? dataFolder + "/" + path.dropFirst(RecipeReader.dataMark.count) : path
    }

    /// What begins a path below the data folder.
    private static var dataMark: String { "data:" }
}
