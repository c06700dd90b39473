// SPDX-License-Identifier: Apache-2.0
package import Media

/// Decoded images, the least recently used of which give way beyond so many bytes.
package final class ImageCache {
    private let capacity: Int
    private var images: [String: PixelBand] = [:]
    /// Paths, the least recently used first.
    private var order: [String] = []
    private var bytes = 0

    /// A cache of at most `capacity` bytes, and of at least one image.
    package init(capacity: Int) { self.capacity = capacity }

    /// All pixels of an image.
    ///
    /// - Throws: One line for what can't be decoded.
    package func image(_ path: String) throws(MediaError) -> PixelBand {
        if let known = images[path] {
            order.removeAll { $0 == path }
            order.append(path)
            return known
        }
        let bands = try ImageBands(path)
        let image = try bands.rows(0..<bands.info.height)
        images[path] = image
        order.append(path)
        bytes += image.pixels.count
        while bytes > capacity, order.count > 1 {
            let oldest = order.removeFirst()
            bytes -= images.removeValue(forKey: oldest)?.pixels.count ?? 0
        }
        return image
    }
}
