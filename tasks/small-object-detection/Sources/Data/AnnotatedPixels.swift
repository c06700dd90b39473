// SPDX-License-Identifier: Apache-2.0
import Media

/// Which pixels annotated boxes refer to, where EXIF says that a picture is to be turned.
package enum AnnotatedPixels: String, Sendable, CaseIterable {
    /// Those of the file, as pycocotools and torchvision take them.
    case stored
    /// Those that a viewer shows, turned.
    case shown

    /// The size in which boxes of a picture are annotated.
    func size(of info: ImageInfo) -> (width: Int, height: Int) {
        self == .stored ? (info.width, info.height) : info.shownSize
    }
}

extension ImageInfo {
    /// The header of a picture that can be decoded.
    ///
    /// - Throws: One line for a file that is missing or no picture, and for one that needs too much
    ///   memory.
    static func usable(_ path: String) throws(DetectionError) -> ImageInfo {
        try DetectionError.wrapping {
            let info = try ImageInfo.probe(path)
            try info.checkMemory(limit: ImageBands.defaultMemoryLimit)
            return info
        }
    }
}
