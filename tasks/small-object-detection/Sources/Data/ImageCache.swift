// SPDX-License-Identifier: Apache-2.0
package import Files
package import Media

/// Decoded images, the least recently used of which give way beyond so many bytes.
package final class ImageCache {
    private let capacity: Int
    private var images: [String: PixelBand] = [:]
    /// Paths, the least recently used first.
    private var order: [String] = []
    private var bytes = 0
    private let reading: PixelReading
    private let note: (String) -> Void
    /// Pictures of which something was said: of the first ones, since there may be thousands.
    private var noticed: Set<String> = []
    private static let mostNotices = 3

    /// A cache of at most `capacity` bytes, and of at least one image.
    ///
    /// - Parameter note: Told what people should know of a picture.
    package init(
        capacity: Int, reading: PixelReading = PixelReading(),
        note: @escaping (String) -> Void = { _ in }
    ) {
        self.capacity = capacity
        self.reading = reading
        self.note = note
    }

    /// All pixels of an image.
    ///
    /// - Throws: One line for what can't be decoded.
    package func image(_ path: String) throws(InputError) -> PixelBand {
        if let known = images[path] {
            order.removeAll { $0 == path }
            order.append(path)
            return known
        }
        let bands = try ImageBands(path, reading)
        let image = try bands.rows(0..<bands.info.height)
        if let notice = bands.notice, noticed.count < Self.mostNotices,
            noticed.insert(path).inserted
        {
            note(notice)
            if noticed.count == Self.mostNotices {
                note("further pictures of this kind are not named")
            }
        }
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
