// SPDX-License-Identifier: Apache-2.0
import Files
package import Regions

/// How a stored picture is to be turned to be shown: EXIF's tag 0x0112, values 1 to 8.
package enum ImageOrientation: Int, Sendable, Hashable {
    /// Shown as stored.
    case upright = 1
    /// Left and right exchanged.
    case mirrored = 2
    /// Turned by 180 degrees.
    case upsideDown = 3
    /// Upper and lower exchanged.
    case flipped = 4
    /// Mirrored at the falling diagonal.
    case transposed = 5
    /// Turned by 90 degrees clockwise.
    case clockwise = 6
    /// Mirrored at the rising diagonal.
    case transversed = 7
    /// Turned by 90 degrees anticlockwise.
    case anticlockwise = 8

    /// Whether width and height of the shown picture are those of the stored one exchanged.
    package var isTransposed: Bool { rawValue >= 5 }

    /// Where the box of a shown picture lies in the stored one.
    ///
    /// - Parameters:
    ///   - box: In pixels of the shown picture.
    ///   - width: Width of the stored picture.
    ///   - height: Height of the stored picture.
    package func stored(_ box: Rectangle, width: Int, height: Int) -> Rectangle {
        func along(_ x: Double, _ y: Double) -> Rectangle {
            Rectangle(x: x, y: y, width: box.width, height: box.height)
        }
        func across(_ x: Double, _ y: Double) -> Rectangle {
            Rectangle(x: x, y: y, width: box.height, height: box.width)
        }
        // From the far side where an axis of the shown picture runs against the stored one.
        let right = Double(width) - box.x - box.width, down = Double(height) - box.y - box.height
        let turnedRight = Double(width) - box.y - box.height
        let turnedDown = Double(height) - box.x - box.width
        return switch self {
        case .upright: box
        case .mirrored: along(right, box.y)
        case .upsideDown: along(right, down)
        case .flipped: along(box.x, down)
        case .transposed: across(box.y, box.x)
        case .clockwise: across(box.y, turnedDown)
        case .transversed: across(turnedRight, turnedDown)
        case .anticlockwise: across(turnedRight, box.x)
        }
    }

    /// Where the box of a stored picture lies in the shown one.
    ///
    /// - Parameters:
    ///   - box: In pixels of the stored picture.
    ///   - width: Width of the stored picture.
    ///   - height: Height of the stored picture.
    package func shown(_ box: Rectangle, width: Int, height: Int) -> Rectangle {
        // A quarter's inverse is the other quarter, seen from the shown picture; others are their own.
        let inverse: ImageOrientation =
            switch self {
            case .clockwise: .anticlockwise
            case .anticlockwise: .clockwise
            default: self
            }
        return inverse.stored(
            box, width: isTransposed ? height : width, height: isTransposed ? width : height)
    }

    /// What a block of EXIF says, `.upright` where it says nothing that can be used.
    ///
    /// Only the first directory is looked at and no link to another is followed, so that no loop
    /// can catch the reader.
    init(exif block: [UInt8]) {
        self = .upright
        guard let order = ByteOrder(block), block.count >= 8, order.number(block, 2, 2) == 42
        else { return }
        let start = order.number(block, 4, 4)
        guard start <= block.count - 2 else { return }
        for entry in 0..<order.number(block, start, 2) {
            let place = start + 2 + 12 * entry
            guard place <= block.count - 12 else { return }
            if order.number(block, place, 2) == 0x0112, order.number(block, place + 2, 2) == 3,
                order.number(block, place + 4, 4) == 1
            {
                self = ImageOrientation(rawValue: order.number(block, place + 8, 2)) ?? .upright
                return
            }
        }
    }
}

/// The order of bytes in TIFF and EXIF.
enum ByteOrder: Sendable, Hashable {
    case littleEndian, bigEndian

    /// This machine's.
    static let machine: ByteOrder = 1.littleEndian == 1 ? .littleEndian : .bigEndian

    /// As "II" or "MM" at the start says; nil for anything else.
    init?(_ bytes: [UInt8]) {
        switch bytes.prefix(2) {
        case [0x49, 0x49]: self = .littleEndian
        case [0x4D, 0x4D]: self = .bigEndian
        default: return nil
        }
    }

    /// The number in `count` bytes, up to 8, of which the highest bit is not used; beyond the end
    /// the bytes are 0.
    func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
        var value: UInt64 = 0
        for index in 0..<count {
            let place = offset + (self == .bigEndian ? index : count - 1 - index)
            value = value << 8 | UInt64(place >= 0 && place < bytes.count ? bytes[place] : 0)
        }
        return Int(clamping: value)
    }
}
