// SPDX-License-Identifier: Apache-2.0
import CVersion

/// The version of this program.
package enum Version {
    /// Semantic version; the one place that says it (`scripts/package` compares the others).
    package static let number = "0.2.0"

    /// The short hash of the commit that it was built from, with `-dirty` where files differed; nil
    /// where the build was not told by `DR2NET_COMMIT`.
    package static var commit: String? {
        let text = unsafe String(cString: dr2net_commit())
        return text.isEmpty ? nil : text
    }

    /// The version with its commit, for people.
    package static var text: String { text(number, commit) }

    /// A version with its commit, for people: `0.2.0 (386118c)`.
    static func text(_ number: String, _ commit: String?) -> String {
        "\(number) (\(commit ?? "commit unknown"))"
    }

    /// The compiler that built it.
    package static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// The processor architecture that it was built for.
    package static var architecture: String {
        #if arch(x86_64)
            "x86-64"
        #elseif arch(arm64)
            "arm64"
        #else
            "other"
        #endif
    }

    /// Whether it was built with optimization.
    package static var build: String {
        #if DEBUG
            "debug"
        #else
            "release"
        #endif
    }
}
