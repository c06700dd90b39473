// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A Pascal VOC file and folders of images and annotations.
enum VOCFixture {
    static let text = """
        <?xml version="1.0"?>
        <!-- two objects -->
        <annotation verified="yes">
          <folder>x</folder><filename>a&amp;b.bmp</filename>
          <size><width>40</width><height>30</height><depth>3</depth></size>
          <object><name>tree</name><difficult>0</difficult>
            <bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>11</xmax><ymax>8</ymax></bndbox>
            <part><name>top</name><bndbox><xmin>3</xmin></bndbox></part>
          </object>
          <object><name><![CDATA[bush]]></name><difficult>1</difficult><empty/>
            <bndbox><xmin>20</xmin><ymin>0</ymin><xmax>40</xmax><ymax>30</ymax></bndbox>
          </object>
        </annotation>
        """

    /// An uncompressed BMP of one colour.
    static func bitmap(width: Int, height: Int) -> Data {
        func number(_ value: Int, _ bytes: Int) -> [UInt8] {
            (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let row = (width * 3 + 3) / 4 * 4
        var bytes = Array("BM".utf8) + number(54 + row * height, 4) + number(0, 4) + number(54, 4)
        bytes += number(40, 4) + number(width, 4) + number(height, 4) + number(1, 2) + number(24, 2)
        bytes += number(0, 4) + number(row * height, 4) + number(2835, 4) + number(2835, 4)
        bytes += number(0, 8) + [UInt8](repeating: 200, count: row * height)
        return Data(bytes)
    }
}

/// A folder that goes away with this object.
final class DataFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("dr2net-detect-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, with the folders above it, and gives its path.
    @discardableResult
    func write(_ data: Data, _ name: String) throws -> String {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
        return url.path
    }

    @discardableResult
    func write(_ text: String, _ name: String) throws -> String {
        try write(Data(text.utf8), name)
    }
}
