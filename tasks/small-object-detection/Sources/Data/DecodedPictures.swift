// SPDX-License-Identifier: Apache-2.0
import Files
import Media

/// Pictures that an unfinished check has decoded to their last row, so that the next one need not.
package struct DecodedPictures: Codable, Sendable {
    /// One picture.
    struct Picture: Codable, Sendable {
        /// What tells that it has not changed, and how it was read.
        let stamp: String
        /// What people should know of its pixels.
        let notice: String?

        /// Decodes a picture, unless it is known.
        ///
        /// - Throws: One line where its pixels are damaged.
        init(_ path: String, _ reading: PixelReading, known: Picture?) throws(InputError) {
            stamp = try SourceStamp.of([path], settings: [reading.suffix])
            if let known, known.stamp == stamp {
                notice = known.notice
                return
            }
            let bands = try ImageBands(path, reading)
            try bands.check()
            notice = bands.notice
        }
    }

    /// By path.
    var pictures: [String: Picture] = [:]
}
