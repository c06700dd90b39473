// SPDX-License-Identifier: Apache-2.0

/// A file's names without what training code puts into them.
///
/// Compilation, sharding and activation checkpointing wrap modules anywhere in a network, and each
/// wrapper is a part of the names below it; DINOv2's training cuts its blocks into chunks, so that
/// block 3 may be `blocks.0.3`.
struct PlainNames {
    /// Parts that stand for a wrapper and for nothing of the network.
    static let wrappers: Set<String> = [
        "module", "_orig_mod", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module",
        "_forward_module",
    ]

    /// The plain names in the file's order.
    let names: [String]
    /// What was taken out, in order of appearance.
    let removed: [String]
    private let sources: [String: String]

    /// A name that another one has already stays as it is.
    init(_ fileNames: [String]) {
        var sources: [String: String] = [:], removed: [String] = [], names: [String] = []
        let taken = Set(fileNames)
        for name in fileNames {
            let (plain, parts) = PlainNames.plain(name)
            let isFree = plain != name && sources[plain] == nil && !taken.contains(plain)
            let own = isFree ? plain : name
            sources[own] = name
            names.append(own)
            if isFree { for part in parts where !removed.contains(part) { removed.append(part) } }
        }
        self.sources = sources
        self.names = names
        self.removed = removed
    }

    /// The file's name of a plain one; the same for one that the file hasn't.
    func source(_ plain: String) -> String { sources[plain] ?? plain }

    /// Whether a name of the file begins with a wrapper.
    static func isWrapped(_ name: String) -> Bool {
        wrappers.contains(String(name.prefix { $0 != "." }))
    }

    private static func plain(_ name: String) -> (name: String, removed: [String]) {
        var parts: [Substring] = [], removed: [String] = []
        for part in name.split(separator: ".", omittingEmptySubsequences: false) {
            if wrappers.contains(String(part)) {
                removed.append(String(part))
            } else if parts.count > 1, parts[parts.count - 2] == "blocks", isNumber(part),
                let chunk = parts.last, isNumber(chunk)
            {
                parts[parts.count - 1] = part
                removed.append("chunks of blocks")
            } else {
                parts.append(part)
            }
        }
        return (parts.joined(separator: "."), removed)
    }

    private static func isNumber(_ part: Substring) -> Bool {
        !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
