// SPDX-License-Identifier: Apache-2.0

/// Reads still pictures (PNG, JPEG, TIFF, WebP and what else FFmpeg decodes).
package enum ImageReader {
    /// The picture as a clip of one frame.
    ///
    /// Transparency is dropped and EXIF orientation is not applied, so that boxes
    /// annotated on the stored pixels keep their places. Of an animation, the first picture.
    package static func read(
        _ path: String, resize: ResizeMode = .original, filter: ResizeFilter = .bilinear
    ) throws(MediaError) -> Clip {
        try VideoReader(path: path, resize: resize, filter: filter).frames(at: [0])
    }
}
