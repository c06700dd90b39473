// SPDX-License-Identifier: Apache-2.0
package import Files
package import Media
import Regions

/// Which pixels annotated boxes refer to, where EXIF says that a picture is to be turned.
package enum AnnotatedPixels: String, Sendable, CaseIterable {
    /// Nothing says it: stored ones where the annotation's size is theirs alone, else a fault.
    case unsaid
    /// Those of the file, as pycocotools and torchvision take them.
    case stored
    /// Those that a viewer shows, turned.
    case shown

    /// The size in which boxes of a picture are annotated.
    func size(of info: ImageInfo) -> (width: Int, height: Int) {
        self == .shown ? info.shownSize : (info.width, info.height)
    }

    /// Checks that it is known which pixels the boxes of a picture refer to.
    ///
    /// - Parameter size: What the annotation says of the picture's size; 0 or nil where nothing.
    /// - Throws: One line that asks for it.
    package func check(
        _ info: ImageInfo, size: (width: Int, height: Int)? = nil
    ) throws(InputError) {
        guard self == .unsaid, info.orientation != .upright else { return }
        let isTelling = info.orientation.isTransposed && info.width != info.height
        if isTelling, let size, size.width > 0 || size.height > 0 { return }
        throw InputError(
            "\(info.path): EXIF turns this picture, and nothing says which way boxes count; "
                + "expected --orientation stored (as pycocotools and torchvision do) or shown (as "
                + "viewers do), or data.orientation in the recipe")
    }

    /// Boxes of stored pixels as they are to be counted.
    func counted(_ found: [Item<Box>], in info: ImageInfo) -> [Item<Box>] {
        guard self == .shown else { return found }
        return found.map {
            $0.moved(
                to: info.orientation.shown(
                    Rectangle($0.place), width: info.width, height: info.height
                ).box)
        }
    }
}

extension ImageInfo {
    /// The header of a picture that can be decoded.
    ///
    /// - Throws: One line for a file that is missing or no picture, and for one that needs too much
    ///   memory.
    static func usable(_ path: String) throws(InputError) -> ImageInfo {
        let info = try ImageInfo.probe(path)
        try info.checkMemory(limit: ImageBands.defaultMemoryLimit)
        return info
    }
}
