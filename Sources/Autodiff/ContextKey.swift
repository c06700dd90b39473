// SPDX-License-Identifier: Apache-2.0

/// A kind of value that travels with a ``Context`` to whoever reads it, as SwiftUI's environment
/// values do.
///
/// The module that declares the key gives its values a name in an extension of `Context`; layers
/// between, which hand the context on, know nothing of it.
public protocol ContextKey {
    /// What a context holds under this key.
    associatedtype Value
    /// What a context holds where nobody has set a value.
    static var defaultValue: Value { get }
}
