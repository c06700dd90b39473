// SPDX-License-Identifier: Apache-2.0

/// Names with wildcards: `head.*`; `*` stands for any characters, dots included.
public struct KeyPattern: Sendable, Hashable {
    /// The pattern as it was written.
    public let text: String

    /// A pattern.
    public init(_ text: String) { self.text = text }

    /// Whether the whole name fits.
    public func matches(_ name: String) -> Bool {
        let pattern = Array(text.utf8), name = Array(name.utf8)
        let star = UInt8(ascii: "*")
        var (p, n) = (0, 0)
        // The last star and what it stood for so far; earlier stars never need another look.
        var retry: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == star {
                retry = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                (p, n) = (p + 1, n + 1)
            } else if let last = retry {
                retry = (last.pattern, last.name + 1)
                (p, n) = (last.pattern + 1, last.name + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == star }
    }
}

/// The differences between a file and a network that the user allows.
public struct KeyTolerance: Sendable, Hashable {
    /// Parameters that may be missing and keep their random values.
    public var missing: [KeyPattern]
    /// Keys that may be there and are passed over.
    public var unexpected: [KeyPattern]

    /// No difference at all.
    public static let none = KeyTolerance()

    /// Patterns, each as ``KeyPattern`` reads it.
    public init(missing: [String] = [], unexpected: [String] = []) {
        self.missing = missing.map(KeyPattern.init)
        self.unexpected = unexpected.map(KeyPattern.init)
    }

    func allowsMissing(_ names: [String]) -> Bool {
        missing.contains { pattern in names.contains { pattern.matches($0) } }
    }

    func allowsUnexpected(_ names: [String]) -> Bool {
        unexpected.contains { pattern in names.contains { pattern.matches($0) } }
    }
}
