// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import TextFormats

/// The recipes that come with the program: `tasks/<task>/recipes/<name>.yaml`.
package struct RecipeCatalog: Sendable {
    /// One recipe.
    package struct Recipe: Sendable, Equatable {
        /// The name on the command line.
        package let name: String
        /// The name of its task's folder, such as `small-object-detection`.
        package let task: String
        /// Where it lies, absolute.
        package let path: String

        /// What is written in it.
        ///
        /// - Throws: `InputError` for a file that can't be read or is no UTF-8 text.
        package func text() throws(InputError) -> String {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw InputError("\(path): can't be read; install the program again")
            }
            guard let text = String(data: data, encoding: .utf8) else {
                throw InputError("\(path): not UTF-8 text; expected a YAML file")
            }
            return text
        }
    }

    private static let shipped = ShippedFolder(
        name: "tasks", variable: "DR2NET_RECIPES", content: "with TASK/recipes/NAME.yaml in it",
        isOne: { !recipes(in: $0).isEmpty })

    /// The folder of the tasks, absolute.
    package let folder: String
    /// All recipes, by task and name.
    package let recipes: [Recipe]

    /// A catalogue of a folder of tasks.
    package init(folder: String) {
        self.folder = FileSystem.absolute(folder)
        recipes = Self.recipes(in: self.folder)
    }

    /// Finds the catalogue, whatever the working directory.
    ///
    /// `DR2NET_RECIPES` names its folder; else it is the first `tasks` or `share/dr2net/tasks`
    /// with recipes, going up from the executable, then from the current directory.
    ///
    /// - Throws: `InputError` that lists where it looked.
    package static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String? = RunningProgram.executable,
        currentFolder: String = FileManager.default.currentDirectoryPath
    ) throws(InputError) -> RecipeCatalog {
        RecipeCatalog(
            folder: try shipped.find(
                environment: environment, executable: executable, currentFolder: currentFolder))
    }

    /// A recipe by its name.
    ///
    /// - Throws: `InputError` with the nearest name, or with all.
    package func recipe(named name: String) throws(InputError) -> Recipe {
        if let found = recipes.first(where: { $0.name == name }) { return found }
        let names = recipes.map(\.name)
        let hint =
            NearestName.of(name, among: names).map { "did you mean \"\($0)\"?" }
            ?? "known recipes: \(names.joined(separator: ", "))"
        throw InputError("no recipe is called \"\(name)\"; \(hint)")
    }

    private static func recipes(in folder: String) -> [Recipe] {
        FileSystem.names(in: folder).flatMap { task in
            let place = "\(folder)/\(task)/recipes"
            return ShippedFolder.documents(in: place).map {
                Recipe(name: $0, task: task, path: "\(place)/\($0).yaml")
            }
        }
    }
}
