// SPDX-License-Identifier: Apache-2.0
package import Files

/// NumPy's `.npz`: a zip archive of `.npy` arrays, stored or deflated.
package enum Npz {
    /// Reads every array under its name without `.npy`.
    package static func read(_ path: String) throws(InputError) -> StateDict {
        try read(ZipArchive(ByteSource(path: path)))
    }

    static func read(_ archive: ZipArchive) throws(InputError) -> StateDict {
        var result = StateDict(metadata: ["format": "npz"])
        for member in archive.members {
            guard member.name.hasSuffix(".npy") else {
                throw archive.source.error(
                    "the archive holds \(member.name), expected .npy arrays only")
            }
            let contents = try archive.contents(of: member)
            let name = String(member.name.dropLast(4))
            guard result.value(name) == nil else {
                throw archive.source.error("the archive has the array \(name) twice")
            }
            result.setValue(try Npy.read(contents, what: "the array \(name)"), for: name)
        }
        return result
    }
}
