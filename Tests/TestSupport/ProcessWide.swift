// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

private let processLock = NSRecursiveLock()

/// Runs `body` while no other test changes the thread count or the instruction level.
///
/// Both are process-wide and test suites run side by side: whoever compares bits, or sets
/// either, does it in here. May be nested.
package func exclusively<R>(_ body: () throws -> R) rethrows -> R {
    processLock.lock()
    defer { processLock.unlock() }
    return try body()
}

/// Runs `body` with the kernels of each instruction level of this machine, ``exclusively(_:)``.
package func atEachLevel(_ body: (InstructionLevel) throws -> Void) rethrows {
    try exclusively {
        for level in InstructionLevel.available {
            try Kernels.withLevel(level) { try body(level) }
        }
    }
}
