// SPDX-License-Identifier: Apache-2.0
package import Files

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
    ) throws(InputError) -> Clip {
        let bands = try ImageBands(path)
        let info = bands.info
        let (width, height) = (info.width, info.height)
        guard
            let geometry = ResizeGeometry(resize, frameWidth: width, frameHeight: height),
            max(width * height, geometry.cropWidth * geometry.cropHeight)
                <= ImageInfo.wholeLimit.pixels
        else { throw InputError.refused(resize, width: width, height: height, path: path) }
        let pixels = try bands.rows(0..<height).pixels
        var clip = Clip(
            frameCount: 1, height: geometry.cropHeight, width: geometry.cropWidth,
            pixels: resize == .original ? pixels : scaled(pixels, width, height, geometry, filter))
        clip.timestamps = [0]
        return clip
    }

    private static func scaled(
        _ pixels: [UInt8], _ width: Int, _ height: Int, _ geometry: ResizeGeometry,
        _ filter: ResizeFilter
    ) -> [UInt8] {
        let picture = unsafe PlanarPicture(
            width: width, height: height, chromaShift: (0, 0), planes: [], colours: .primaries,
            readRow: { part, row, columns, levels in
                var place = 3 * (row * width + columns.lowerBound) + part
                for index in 0..<columns.count {
                    unsafe levels[index] = Int16(pixels[place]) * 128
                    place += 3
                }
            })
        let left = geometry.left, top = geometry.top
        let window = ScaledWindow(
            width: geometry.width, height: geometry.height,
            columns: left..<left + geometry.cropWidth, rows: top..<top + geometry.cropHeight)
        return unsafe [UInt8](
            unsafeUninitializedCapacity: 3 * geometry.cropWidth * geometry.cropHeight
        ) {
            buffer, count in
            guard let rgb = buffer.baseAddress else { return }
            unsafe FrameScaler().scale(picture, to: window, filter: filter, into: rgb)
            count = buffer.count
        }
    }
}
