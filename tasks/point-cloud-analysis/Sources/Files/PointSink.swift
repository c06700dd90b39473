// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation

/// Where the blocks of a cloud go while its file is written.
package protocol PointSink {
    /// Adds points.
    ///
    /// - Throws: One line for the first point that the format cannot hold.
    mutating func append(_ block: PointBlock) throws
}

extension AtomicFile {
    /// Writes a file of points; a ``PointFileError`` of `body` stays what it is.
    static func writePoints(
        to path: String, body: (FileHandle) throws -> Void
    ) throws(PointFileError) {
        do {
            try writeKeepingErrors(to: path, body: body)
        } catch let error as PointFileError {
            throw error
        } catch let error as CheckpointError {
            throw PointFileError(error)
        } catch {
            throw PointFileError("cannot write: \(error)", path: path)
        }
    }

    /// Writes a file; a ``PointFileError`` of `body` stays what it is, so that what is wrong with a
    /// source isn't taken for a disk that is full.
    static func writeKeepingErrors(
        to path: String, body: (FileHandle) throws -> Void
    ) throws {
        var failure: PointFileError?
        do {
            try write(to: path) { handle in
                do {
                    try body(handle)
                } catch let error as PointFileError {
                    failure = error
                    throw error
                }
            }
        } catch {
            if let failure { throw failure }
            throw error
        }
    }
}

/// Numbers as little-endian bytes.
extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(number: T) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    mutating func append(number: Double) { append(number: number.bitPattern) }

    mutating func append(number: Float) { append(number: number.bitPattern) }

    /// Overwrites the bytes from `offset`.
    mutating func replace<T: FixedWidthInteger>(at offset: Int, with number: T) {
        Swift.withUnsafeBytes(of: number.littleEndian) {
            replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    /// Overwrites the bytes from `offset`.
    mutating func replace(at offset: Int, with number: Double) {
        replace(at: offset, with: number.bitPattern)
    }
}
