// SPDX-License-Identifier: Apache-2.0
package import Media

/// Decoded images, the least recently used of which give way beyond so many bytes.
package final class ImageCache {
    private let capacity: Int
    private var images: [String: Clip] = [:]
    /// Paths, the least recently used first.
    private var order: [String] = []
    private var bytes = 0

    /// A cache of at most `capacity` bytes, and of at least one image.
    package init(capacity: Int) { self.capacity = capacity }

    /// The pixels of an image.
    ///
    /// - Throws: One line for what can't be decoded.
    package func image(_ path: String) throws(MediaError) -> Clip {
        if let known = images[path] {
            order.removeAll { $0 == path }
            order.append(path)
            return known
        }
        let image = try ImageReader.read(path)
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
