// SPDX-License-Identifier: Apache-2.0

/// Where in a file a network stands: once, or several times as training left it.
struct NetworkCopies {
    /// What the names have before the network's own, and how many of those are there.
    struct Place: Equatable {
        let prefix: String
        let votes: Int
    }

    /// The one to take.
    let chosen: Place
    /// The others.
    let others: [Place]
    /// Whether one of the others could be meant as well.
    let isAmbiguous: Bool

    /// Nil where no name is found.
    ///
    /// - Parameters:
    ///   - names: Those of the network.
    ///   - keys: Those of the file.
    init?(of names: Set<String>, in keys: [String]) {
        var votes: [String: Int] = [:], order: [String] = []
        func vote(_ prefix: Substring) {
            let prefix = String(prefix)
            if votes[prefix, default: 0] == 0 { order.append(prefix) }
            votes[prefix, default: 0] += 1
        }
        for key in keys {
            if names.contains(key) { vote("") }
            // Wrappers nest a few levels deep, not without bound.
            var rest = key[...]
            for _ in 0..<8 {
                guard let dot = rest.firstIndex(of: ".") else { break }
                rest = rest[rest.index(after: dot)...]
                if names.contains(String(rest)) { vote(key[..<rest.startIndex]) }
            }
        }
        let most = votes.values.max() ?? 0
        guard most > 0 else { return nil }
        // A head of a few like names is no copy of the network.
        let places = order.map { Place(prefix: $0, votes: votes[$0, default: 0]) }
            .filter { 4 * $0.votes >= 3 * most }
        let best = places.enumerated().min { a, b in
            (NetworkCopies.rank(a.element.prefix), -a.element.votes, a.offset)
                < (NetworkCopies.rank(b.element.prefix), -b.element.votes, b.offset)
        }
        guard let best else { return nil }
        chosen = best.element
        others = places.filter { $0 != best.element }
        let rank = NetworkCopies.rank(best.element.prefix)
        isAmbiguous = others.contains { NetworkCopies.rank($0.prefix) == rank }
    }

    /// Which copy its makers evaluate: 0 for averages of the weights (the teacher of
    /// self-distillation, EMA, the target encoder of joint-embedding prediction), 2 for what is
    /// thrown away (the student beside a teacher, momentum encoders of contrastive learning), 1 for
    /// others.
    private static func rank(_ prefix: String) -> Int {
        let parts = prefix.lowercased().split(separator: ".").map(String.init)
        let words = Set(parts.flatMap { $0.split(separator: "_").map(String.init) })
        if !words.isDisjoint(with: ["teacher", "ema"]) || parts.contains("target_encoder") {
            return 0
        }
        let isLeft = parts.contains { $0 == "encoder_k" || $0.hasPrefix("target_net") }
        return isLeft || !words.isDisjoint(with: ["student", "momentum"]) ? 2 : 1
    }
}
