// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// Where the blocks of a cloud go while its file is written.
package protocol PointSink {
    /// Adds points.
    ///
    /// - Throws: One line for the first point that the format cannot hold.
    mutating func append(_ block: PointBlock) throws
}

/// Numbers as little-endian bytes.
extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(number: T) {
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
    }

    mutating func append(number: Double) { append(number: number.bitPattern) }

    mutating func append(number: Float) { append(number: number.bitPattern) }

    /// Overwrites the bytes from `offset`.
    mutating func replace<T: FixedWidthInteger>(at offset: Int, with number: T) {
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) {
            unsafe replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    /// Overwrites the bytes from `offset`.
    mutating func replace(at offset: Int, with number: Double) {
        replace(at: offset, with: number.bitPattern)
    }
}
