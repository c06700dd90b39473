// SPDX-License-Identifier: Apache-2.0

/// The version of this program.
package enum Version {
    /// Semantic version.
    package static let number = "0.1.0"

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
