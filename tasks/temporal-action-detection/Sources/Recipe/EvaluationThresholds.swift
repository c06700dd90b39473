// SPDX-License-Identifier: Apache-2.0
package import Files

/// Lists of tIoU thresholds as people write them.
package enum EvaluationThresholds {
    /// The ActivityNet protocol's 0.5, 0.55 … 0.95.
    package static let activityNet = (10...19).map { Double($0 * 5) / 100 }

    /// The THUMOS protocol's 0.3, 0.4 … 0.7.
    package static let thumos = (3...7).map { Double($0) / 10 }

    /// Reads "0.5", "0.3,0.5,0.7" or "first:last:step" with both ends included.
    ///
    /// Ranges are counted in whole units of the last decimal place, so that "0.5:0.95:0.05" has
    /// exactly ten members and each is the double nearest to its decimal.
    ///
    /// - Throws: one line unless there are 1 to 100 rising thresholds in (0, 1] with at most
    ///   six decimals.
    package static func parse(_ text: String) throws(InputError) -> [Double] {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        var millionths: [Int] = []
        if fields.count == 3 {
            let bounds = try fields.map(text: text)
            let (first, last, step) = (bounds[0], bounds[1], bounds[2])
            guard step > 0, first <= last, (last - first) / step < 100 else {
                throw failure(text)
            }
            millionths = Array(stride(from: first, through: last, by: step))
        } else if fields.count == 1 {
            millionths = try text.split(separator: ",", omittingEmptySubsequences: false)
                .map(text: text)
        } else {
            throw failure(text)
        }
        guard (1...100).contains(millionths.count),
            millionths.allSatisfy({ $0 > 0 && $0 <= 1_000_000 }),
            zip(millionths, millionths.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw failure(text) }
        return millionths.map { Double($0) / 1_000_000 }
    }

    /// "0.50", or with as many decimals as it takes, at most six: the name in result keys.
    package static func name(_ threshold: Double) -> String {
        let millionths = Int((threshold * 1_000_000).rounded())
        let digits = String(millionths % 1_000_000)
        var decimals = String(repeating: "0", count: 6 - digits.count) + digits
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(millionths / 1_000_000).\(decimals)"
    }

    fileprivate static func failure(_ text: String) -> InputError {
        InputError(
            "tIoU thresholds \(MessageText.quoted(text)); expected rising numbers in (0, 1], "
                + "as in 0.5 or 0.3,0.5,0.7 or 0.5:0.95:0.05")
    }
}

extension [Substring] {
    /// Decimals such as "0.95" in millionths.
    fileprivate func map(text: String) throws(InputError) -> [Int] {
        var result: [Int] = []
        for field in self {
            let parts = field.split(separator: ".", omittingEmptySubsequences: false)
            let decimals = parts.count == 2 ? parts[1] : ""
            guard parts.count <= 2, parts[0].count <= 1, decimals.count <= 6,
                !(parts[0].isEmpty && decimals.isEmpty),
                (parts[0] + decimals).utf8.allSatisfy((UInt8(ascii: "0")...57).contains),
                let whole = Int("0" + parts[0]),
                let fraction = Int(decimals + String(repeating: "0", count: 6 - decimals.count))
            else { throw EvaluationThresholds.failure(text) }
            result.append(whole * 1_000_000 + fraction)
        }
        return result
    }
}
