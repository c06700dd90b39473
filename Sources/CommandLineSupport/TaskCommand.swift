// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
package import Datasets

/// A task: the group of its commands, and what opens the files of its data sets.
package protocol TaskCommand: ParsableCommand {
    /// Opens files of its data sets for `data verify`.
    static var partReader: any PartReader { get }
}
