// SPDX-License-Identifier: Apache-2.0
import Datasets
import Foundation

/// Where the program lies, and where it finds recipes, manifests and data.
package struct ProgramPlaces: Encodable, Sendable, Equatable {
    /// A folder that was looked for.
    package struct Place: Encodable, Sendable, Equatable {
        /// The folder; nil where there is none.
        package let folder: String?
        /// The recipes, manifests or datasets in it.
        package let count: Int
        /// Where it was looked for in vain; nil where it was found.
        package let problem: String?
    }

    /// The executable, links resolved.
    package let executable: String?
    /// The recipes that come with the program.
    package let recipes: Place
    /// The manifests of the datasets.
    package let manifests: Place
    /// The fetched datasets; the folder need not exist.
    package let data: Place

    /// Looks for all of them.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String? = RunningProgram.executable,
        currentFolder: String = FileManager.default.currentDirectoryPath
    ) {
        self.executable = executable
        recipes = Self.place {
            let catalog = try RecipeCatalog.find(
                environment: environment, executable: executable, currentFolder: currentFolder)
            return (catalog.folder, catalog.recipes.count)
        }
        manifests = Self.place {
            let catalog = try ManifestCatalog.find(
                environment: environment, executable: executable, currentFolder: currentFolder)
            return (catalog.folder, catalog.names.count)
        }
        let root = DataCache(environment: environment).root
        let names = try? FileManager.default.contentsOfDirectory(atPath: root)
        data = Place(
            folder: root, count: names?.count { !$0.hasPrefix(".") } ?? 0,
            problem: names == nil ? "is not there yet" : nil)
    }

    /// The facts for people, a row each.
    package var rows: [[String]] {
        func cell(_ place: Place, _ noun: String, _ variable: String) -> String {
            guard let folder = place.folder else { return place.problem ?? "" }
            let state = place.problem ?? "\(place.count) \(noun)"
            return "\(folder), \(state) (elsewhere by \(variable))"
        }
        return [
            ["program", executable ?? "unknown"],
            ["recipes", cell(recipes, "recipes", "DR2NET_RECIPES")],
            ["manifests", cell(manifests, "datasets", "DR2NET_MANIFESTS")],
            ["data", cell(data, "datasets", "DR2NET_DATA")],
        ]
    }

    private static func place(_ find: () throws -> (folder: String, count: Int)) -> Place {
        do {
            let found = try find()
            return Place(folder: found.folder, count: found.count, problem: nil)
        } catch {
            return Place(folder: nil, count: 0, problem: "\(error)")
        }
    }
}
