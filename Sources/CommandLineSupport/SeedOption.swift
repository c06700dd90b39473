// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser

/// `--seed` of a command that draws at random and reads no recipe.
package struct SeedOption: ParsableArguments {
    /// The seed.
    @Option(help: "Seed of every random draw.")
    package var seed: UInt64 = 0

    /// The seed 0.
    package init() {}
}
