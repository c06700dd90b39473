// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
package import Datasets
package import Files
import Foundation

/// A recipe as commands name it: a file, or a recipe that comes with the program.
package enum RecipeArgument {
    /// The argument's help.
    package static let help: ArgumentHelp =
        "The recipe: a YAML file, or a name that `recipe list` shows."

    /// What a shell offers for the argument: YAML files.
    package static let completion = CompletionKind.file(extensions: ["yaml"])

    /// The file that the argument stands for, which is itself wherever there is such a file.
    ///
    /// - Parameter catalog: The recipes that come with the program; nil where they aren't found.
    /// - Throws: One line for a name, without any slash, that is neither.
    package static func path(
        of argument: String, in catalog: RecipeCatalog?
    ) throws(InputError) -> String {
        var isFolder: ObjCBool = false
        let isThere = unsafe FileManager.default.fileExists(
            atPath: argument, isDirectory: &isFolder)
        guard !isThere || isFolder.boolValue, !argument.contains("/"), !argument.isEmpty,
            let catalog
        else { return argument }
        do {
            return try catalog.recipe(named: argument).path
        } catch {
            // The reader says what is wrong with a folder.
            guard !isThere else { return argument }
            throw InputError(
                "\(argument): no such file, and \(error) (`dr2net recipe list` shows all)")
        }
    }
}
