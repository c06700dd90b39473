// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// The folder where a fetch works: same file system as the dataset, so that a rename puts a file
/// in place.
///
/// ```
/// .staging/<dataset>/.lock            held while a fetch runs
/// .staging/<dataset>/archives/        verified archives, kept until the dataset is complete
/// .staging/<dataset>/attempt-<pid>/   what one process downloads and unpacks
/// ```
/// A client that outlives its killed parent writes into that parent's attempt, never into ours.
struct Staging {
    let folder: String

    var archives: String { "\(folder)/archives" }
    var attempt: String { "\(folder)/attempt-\(ProcessInfo.processInfo.processIdentifier)" }

    /// Removes what interrupted fetches left, except verified archives.
    ///
    /// Only under the lock.
    func removeAttempts() {
        for name in FileSystem.names(in: folder) where name.hasPrefix("attempt-") {
            FileSystem.remove("\(folder)/\(name)")
        }
    }

    /// Removes the archives once nothing is wanted from them any more.
    func removeArchives() { FileSystem.remove(archives) }
}
