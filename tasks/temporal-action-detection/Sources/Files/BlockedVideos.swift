// SPDX-License-Identifier: Apache-2.0
package import Files
import TextFormats

/// Lists of videos that are left out.
package enum BlockedVideos {
    /// Reads a list of blocked videos: a JSON list of ids, or an object whose names are the ids.
    ///
    /// - Throws: one line for anything else.
    package static func read(
        _ path: String
    ) throws(InputError) -> Set<String> {
        let root = try JSONValue.read(path, expected: "a JSON list of video ids")
        switch root.kind {
        case .object(let members): return Set(members.map(\.name))
        case .array(let items):
            let ids = items.compactMap(\.string)
            if ids.count == items.count { return Set(ids) }
        default: break
        }
        throw InputError(
            "\(path): found \(root.summary); expected a JSON list of video ids, or an object "
                + "whose names are video ids")
    }
}
