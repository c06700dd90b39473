// SPDX-License-Identifier: Apache-2.0
import CFFmpeg

/// The libraries behind this module.
package enum MediaLibrary {
    /// FFmpeg's libraries with their versions.
    package static var version: String { unsafe String(cString: cff_version()) }
}
