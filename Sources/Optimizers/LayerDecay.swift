// SPDX-License-Identifier: Apache-2.0

/// Learning rates that fall from a backbone's last block to its first: early blocks know what is
/// common to all pictures and move less (BEiT, Bao et al., ICLR 2022).
public enum LayerDecay {
    /// The factor on the learning rate of each parameter.
    ///
    /// With N blocks, decay^(N + 1) for what comes before the first, decay^(N - i) for block
    /// i = 0 ... N - 1 and for what stands between it and the next, 1 for what follows the last.
    /// Blocks are counted over all stages.
    ///
    /// - Parameters:
    ///   - names: The backbone's parameters in its own order; a block is what has a `norm1`.
    ///   - decay: In (0, 1].
    public static func factors(_ names: [String], decay: Double) -> [Double] {
        var prefixes: [Substring] = []
        for name in names {
            guard let mark = name.firstRange(of: ".norm1.") else { continue }
            let prefix = name[..<mark.lowerBound]
            if prefixes.last != prefix { prefixes.append(prefix) }
        }
        let count = prefixes.count
        let blocks = names.map { name in prefixes.firstIndex { name.hasPrefix($0 + ".") } }
        let last = blocks.lastIndex { $0 != nil }
        var layer = 0
        return blocks.enumerated().map { index, block in
            if let block {
                layer = block + 1
            } else if let last, index > last {
                layer = count + 1
            }
            return count == 0 ? 1 : power(decay, count + 1 - layer)
        }
    }

    /// The same bits on every machine, unlike the library's power.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1.0) { value, _ in value * base }
    }
}
