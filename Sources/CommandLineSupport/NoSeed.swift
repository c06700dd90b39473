// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `--seed` of a command that draws nothing at random, refused with the reason.
package struct NoSeed: ParsableArguments {
    @Option(name: .customLong("seed"), help: .hidden)
    var given: String?

    /// None given.
    package init() {}

    /// Refuses it.
    package func validate() throws {
        guard given == nil else {
            throw ValidationError(
                "--seed: nothing is drawn at random here, the result is the same for every seed; "
                    + "leave it out")
        }
    }
}

/// `--set` of a command that reads no recipe, refused with the reason.
package struct NoRecipe: ParsableArguments {
    @Option(name: .customLong("set"), help: .hidden)
    var given: [String] = []

    /// None given.
    package init() {}

    /// Refuses it.
    package func validate() throws {
        if let first = given.first {
            throw ValidationError("--set \(first): no recipe is read here; leave it out")
        }
    }
}
