// SPDX-License-Identifier: Apache-2.0
package import Media

extension RegionSampler {
    /// Draws a patch of an image that is not held whole; the pixels are the same.
    ///
    /// Patches of one row of tiles read its rows once, where they are drawn from above.
    ///
    /// - Parameter rowsAtOnce: About so many rows of the image are held, of images that are read by
    ///   rows; nil for all that the patch is made of.
    package static func draw(
        _ image: ImageBands, _ patch: TrainingView.Patch, into pixels: inout [UInt8], size: Int,
        rowsAtOnce: Int? = nil
    ) throws(MediaError) {
        let step = rowsAtOnce.map { max(1, Int(Double($0) * patch.scale)) } ?? max(1, patch.height)
        for start in stride(from: 0, to: patch.height, by: step) {
            let rows = start..<min(patch.height, start + step)
            guard let source = sourceRows(patch, rows: rows, height: image.info.height) else {
                continue
            }
            draw(
                try image.rows(source), of: image.info.height, patch, rows: rows, into: &pixels,
                size: size)
        }
    }
}
