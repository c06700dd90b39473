// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `dr2net recipe`: the recipes that come with the program.
struct RecipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe",
        abstract: "List, show and copy the recipes that come with the program.",
        discussion: """
            Commands that read a recipe take a name of the list too, where there is no such file: \
            `dr2net detect train trees`. The folder is found beside the program or by \
            DR2NET_RECIPES; `dr2net info` shows it.
            """,
        subcommands: [RecipeListCommand.self, RecipeShowCommand.self, RecipeCopyCommand.self])
}
