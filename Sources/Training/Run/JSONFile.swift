// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// The JSON files of a run folder.
enum JSONFile {
    /// Writes a value, its keys sorted.
    static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(value), to: path)
    }
}
