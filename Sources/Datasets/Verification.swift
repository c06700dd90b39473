// SPDX-License-Identifier: Apache-2.0

/// The state of one file of a dataset, as plain values for printing and JSON.
package struct FileStatus: Sendable, Equatable, Codable {
    /// What was found of a file.
    package enum State: String, Sendable, Codable {
        case ok
        case missing
        case wrongSize = "wrong size"
        case wrongHash = "wrong hash"
    }

    /// The file, relative to the data set's folder.
    package let path: String
    /// What was found.
    package let state: State
    /// Size that the manifest states.
    package let expectedBytes: Int
    /// Digest that the manifest states.
    package let expectedSHA256: String
    /// Present when the size is wrong.
    package let foundBytes: Int?
    /// Present when the size is right and the hash is not.
    package let foundSHA256: String?

    init(file: Manifest.File, mismatch: FileMismatch?) {
        path = file.path
        expectedBytes = file.bytes
        expectedSHA256 = file.sha256
        switch mismatch {
        case nil: (state, foundBytes, foundSHA256) = (.ok, nil, nil)
        case .missing: (state, foundBytes, foundSHA256) = (.missing, nil, nil)
        case .size(let size): (state, foundBytes, foundSHA256) = (.wrongSize, size, nil)
        case .hash(let hash): (state, foundBytes, foundSHA256) = (.wrongHash, nil, hash)
        }
    }

    /// `bbb.mp4: wrong size: found 12 bytes, expected 50195281`.
    package var description: String {
        switch state {
        case .ok, .missing: "\(path): \(state.rawValue)"
        case .wrongSize:
            "\(path): wrong size: found \(foundBytes ?? 0) bytes, expected \(expectedBytes)"
        case .wrongHash:
            "\(path): wrong SHA-256: found \(foundSHA256 ?? "none"), expected \(expectedSHA256)"
        }
    }
}

/// The result of `dr2net data verify`.
package struct Verification: Sendable, Equatable, Codable {
    /// The data set's name.
    package let dataset: String
    /// The folder that was looked through.
    package let folder: String
    /// What was found of each file.
    package let files: [FileStatus]

    /// Whether every file is there and right.
    package var isComplete: Bool { files.allSatisfy { $0.state == .ok } }

    /// One line a file, then one that says what to do.
    package func describe() -> String {
        let wrong = files.count { $0.state != .ok }
        let verdict =
            wrong == 0
            ? "\(dataset): \(files.count) files verified in \(folder)"
            : "\(dataset): \(wrong) of \(files.count) files missing or wrong in \(folder); "
                + "run `dr2net data fetch \(dataset)`"
        return (files.map(\.description) + [verdict]).joined(separator: "\n")
    }
}
