// SPDX-License-Identifier: Apache-2.0

/// Reads still pictures (PNG, JPEG, TIFF, WebP and what else FFmpeg decodes) whole.
package enum ImageReader {
    /// The picture as a clip of one frame.
    ///
    /// Transparency is dropped and EXIF orientation is not applied, so that boxes
    /// annotated on the stored pixels keep their places. Of an animation, the first picture.
    /// Unscaled, the pixels are those of ``ImageBands``.
    ///
    /// - Throws: One line for damage and for more than ``ImageInfo/wholeLimit``, with the memory
    ///   needed.
    package static func read(
        _ path: String, resize: ResizeMode = .original, filter: ResizeFilter = .bilinear
    ) throws(MediaError) -> Clip {
        let bands = try ImageBands(path)
        let info = bands.info
        if info.isReadByRows {
            guard resize != .original else {
                guard info.width * info.height <= ImageInfo.wholeLimit.pixels else {
                    throw MediaError.refused(
                        resize, width: info.width, height: info.height, path: path)
                }
                var clip = Clip(
                    frameCount: 1, height: info.height, width: info.width,
                    pixels: try bands.rows(0..<info.height).pixels)
                clip.timestamps = [0]
                return clip
            }
            guard !info.isTiled else { throw info.tilesRefused() }
        }
        return try VideoReader(path: path, resize: resize, filter: filter).frames(at: [0])
    }
}
