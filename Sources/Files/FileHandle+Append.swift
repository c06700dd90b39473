// SPDX-License-Identifier: Apache-2.0
package import Foundation

extension FileHandle {
    /// Writes bytes without copying them.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard let base = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
        let view = unsafe Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: bytes.count,
            deallocator: .none)
        try write(contentsOf: view)
    }
}
