// SPDX-License-Identifier: Apache-2.0
import Media

/// What an image file says about itself before its pixels are decoded.
enum ImageHeader {
    /// Its size in pixels as stored; EXIF's orientation is not applied.
    ///
    /// - Throws: One line for a file that is missing or no image, and for one too large to decode.
    static func size(_ path: String) throws(DetectionError) -> (width: Int, height: Int) {
        let info: VideoInfo
        do throws(MediaError) {
            info = try VideoInfo.probe(path)
        } catch {
            throw DetectionError(error.description)
        }
        guard info.width > 0, info.height > 0 else {
            throw DetectionError(
                "\(path): no size can be read; expected a whole image of at most 2^27 pixels, "
                    + "copy it again or cut it into smaller ones")
        }
        return (info.width, info.height)
    }
}
