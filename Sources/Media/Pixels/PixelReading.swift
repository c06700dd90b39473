// SPDX-License-Identifier: Apache-2.0
import Files

/// How pictures of many bands or of deep samples become red, green and blue bytes.
package struct PixelReading: Sendable, Hashable {
    /// Bands from 1 that are red, green and blue, or one that is grey; nil for the first three, or the
    /// only one.
    package var bands: [Int]?
    /// The samples of more than 8 bits that are black and white, for all pictures.
    ///
    /// Nil for all that the type has, and of floating point for the least and the greatest of each file.
    package var range: Range?

    /// Samples that are black and white.
    package struct Range: Sendable, Hashable {
        /// The samples that become black and white.
        package let low, high: Double

        /// Nil unless `low` is less than `high` and both are finite.
        package init?(low: Double, high: Double) {
            guard low.isFinite, high.isFinite, low < high else { return nil }
            (self.low, self.high) = (low, high)
        }
    }

    /// What is read of a picture.
    package init(bands: [Int]? = nil, range: Range? = nil) {
        self.bands = bands
        self.range = range
    }

    /// What sets files made by this apart from others, empty where nothing is chosen.
    package var suffix: String {
        let bands = bands.map { "-b" + $0.map { "\($0)" }.joined(separator: ".") } ?? ""
        return bands + (range.map { "-r\($0.low),\($0.high)" } ?? "")
    }

    /// Most bands that a picture may have.
    package static let bandLimit = 65535

    /// What is wrong with a choice of bands; nil for nothing.
    package static func fault(inBands bands: [Int]) -> String? {
        [1, 3].contains(bands.count) && bands.allSatisfy { (1...bandLimit).contains($0) }
            ? nil : "expected three bands counted from 1, such as 4,3,2, or one that is grey"
    }

    /// The bands of a text such as "4,3,2"; nil where they are none.
    package static func bands(_ text: String) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let bands = parts.compactMap { Int($0) }
        return bands.count == parts.count && fault(inBands: bands) == nil ? bands : nil
    }

    /// The range of a text such as "0,4095"; nil where it is none.
    package static func range(_ text: String) -> Range? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }
        guard parts.count == 2, numbers.count == 2 else { return nil }
        return Range(low: numbers[0], high: numbers[1])
    }

    /// The positions of red, green and blue among `count` bands.
    ///
    /// - Throws: One line where the picture has not the bands that are asked for.
    func channels(of count: Int, path: String) throws(InputError) -> [Int] {
        let bands = bands ?? (count >= 3 ? [1, 2, 3] : [1])
        guard let most = bands.max(), most <= count else {
            throw InputError(
                path: path, found: "\(count) band\(count == 1 ? "" : "s")",
                expected: "band \(bands.max() ?? 0) among them",
                remedy: "choose others by --bands (recipe: data.bands)")
        }
        return (bands.count == 1 ? [bands[0], bands[0], bands[0]] : bands).map { $0 - 1 }
    }
}
