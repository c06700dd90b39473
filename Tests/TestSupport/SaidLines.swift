// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// What a progress line or a console printed, for tests.
package final class SaidLines: Sendable {
    private let lines = Mutex("")

    /// Nothing yet.
    package init() {}

    /// Everything so far.
    package var text: String { lines.withLock { $0 } }

    /// Adds a text.
    package func add(_ text: String) { lines.withLock { $0 += text } }
}
