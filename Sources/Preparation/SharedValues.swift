// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Values that several jobs need, worked out once by the job that asks first; others wait for it.
package final class SharedValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private final class Entry: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    private let entries = Mutex<[Key: Entry]>([:])

    /// No values yet.
    package init() {}

    /// The value of a key.
    ///
    /// - Parameter make: Works it out; an error is remembered as a value is.
    package func value(_ key: Key, _ make: () throws -> Value) throws -> Value {
        let entry = entries.withLock { entries in
            let entry = entries[key] ?? Entry()
            entries[key] = entry
            return entry
        }
        return try entry.result.withLock { known in
            let result = known ?? Result { try make() }
            known = result
            return result
        }.get()
    }
}
