// SPDX-License-Identifier: Apache-2.0
import Console
package import Files
import Foundation

/// The typed values of a recipe. Each reader takes the default for an absent key or for `null`,
/// and throws one line with the place, the path, what was found and what was expected.
extension RecipeReader {
    /// An integer in a range.
    package func value(
        _ path: String, default fallback: Int, in range: ClosedRange<Int>
    ) throws(InputError) -> Int {
        let result = try optionalInteger(path, in: range) ?? fallback
        note(path, .scalar(String(result), isPlain: true))
        return result
    }

    /// A number in a range; infinities and NaN are refused.
    package func value(
        _ path: String, default fallback: Double, in range: ClosedRange<Double>
    ) throws(InputError) -> Double {
        let result = try optionalNumber(path, in: range) ?? fallback
        note(path, .scalar(result.description, isPlain: true))
        return result
    }

    /// `true` or `false`.
    package func value(_ path: String, default fallback: Bool) throws(InputError) -> Bool {
        let result = try optionalFlag(path) ?? fallback
        note(path, .scalar(result ? "true" : "false", isPlain: true))
        return result
    }

    /// `true` or `false`, nil where the key is absent or `null`.
    package func optionalFlag(_ path: String) throws(InputError) -> Bool? {
        guard let node = written(path) else {
            note(path, nil)
            return nil
        }
        let result: Bool
        switch node.value {
        case .scalar("true", true): result = true
        case .scalar("false", true): result = false
        default: throw mismatch(path, node, expected: "true or false")
        }
        note(path, .scalar(result ? "true" : "false", isPlain: true))
        return result
    }

    /// A text.
    ///
    /// A number or `true` written without quotes is refused: quotes say what was meant.
    package func value(_ path: String, default fallback: String) throws(InputError) -> String {
        try optionalText(path) ?? noted(path, fallback)
    }

    /// A text that must be given.
    package func requiredText(
        _ path: String, expected: String
    ) throws(InputError) -> String {
        guard let text = try optionalText(path), !text.isEmpty else {
            throw InputError("\(name): \(full(path)) is missing; expected \(expected)")
        }
        return text
    }

    /// A text, nil where the key is absent or `null`.
    package func optionalText(_ path: String) throws(InputError) -> String? {
        guard let node = written(path) else {
            note(path, nil)
            return nil
        }
        guard case .scalar(let text, let isPlain) = node.value else {
            throw mismatch(path, node, expected: "a text")
        }
        if isPlain, RecipeReader.number(text) != nil || ["true", "false"].contains(text) {
            throw mismatch(path, node, expected: "a text: write it in quotes")
        }
        return noted(path, text)
    }

    /// One of an enumeration's names.
    package func value<Choice>(
        _ path: String, default fallback: Choice
    ) throws(InputError) -> Choice
    where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue)
        let text = try choice(path, default: fallback.rawValue, among: names)
        return Choice(rawValue: text) ?? fallback
    }

    /// One of some names.
    package func choice(
        _ path: String, default fallback: String, among names: [String]
    ) throws(InputError) -> String {
        guard let node = written(path) else { return noted(path, fallback) }
        guard case .scalar(let text, _) = node.value, names.contains(text) else {
            throw mismatch(path, node, expected: "one of \(names.joined(separator: ", "))")
        }
        return noted(path, text)
    }

    /// Numbers in a range; `count` is how many there must be, nil for any number above none.
    package func value(
        _ path: String, default fallback: [Double], in range: ClosedRange<Double>,
        count: Int? = nil
    ) throws(InputError) -> [Double] {
        var result = fallback
        if let node = written(path) {
            let length = count.map { "\($0) numbers" } ?? "numbers"
            let expected = "a list of \(length) in \(RecipeReader.text(range))"
            guard case .list(let items) = node.value, count ?? items.count == items.count,
                !items.isEmpty
            else { throw mismatch(path, node, expected: expected) }
            result = []
            for item in items {
                guard case .scalar(let text, true) = item.value,
                    let number = RecipeReader.number(text), range.contains(number)
                else { throw mismatch(path, item, expected: "\(expected) only") }
                result.append(number)
            }
        }
        note(
            path,
            .list(
                result.map {
                    RecipeNode(value: .scalar($0.description, isPlain: true), origin: name)
                }))
        return result
    }

    /// A list of texts.
    package func value(
        _ path: String, default fallback: [String]
    ) throws(InputError) -> [String] {
        try optionalTexts(path) ?? noted(path, fallback)
    }

    /// A list of texts, nil where the key is absent or `null`.
    package func optionalTexts(_ path: String) throws(InputError) -> [String]? {
        guard let node = written(path) else {
            note(path, nil)
            return nil
        }
        guard case .list(let items) = node.value else {
            throw mismatch(path, node, expected: "a list of texts")
        }
        var result: [String] = []
        for item in items {
            guard case .scalar(let text, _) = item.value else {
                throw mismatch(path, item, expected: "a list of texts only")
            }
            result.append(text)
        }
        return noted(path, result)
    }

    /// An integer in a range, nil where the key is absent or `null`.
    package func optionalInteger(
        _ path: String, in range: ClosedRange<Int>
    ) throws(InputError) -> Int? {
        guard let node = written(path) else {
            note(path, nil)
            return nil
        }
        let upper = range.upperBound == .max ? "or more" : "to \(range.upperBound)"
        guard case .scalar(let text, true) = node.value, let number = Int(text),
            range.contains(number)
        else {
            throw mismatch(path, node, expected: "a whole number, \(range.lowerBound) \(upper)")
        }
        note(path, .scalar(String(number), isPlain: true))
        return number
    }

    /// A number in a range, nil where the key is absent or `null`.
    package func optionalNumber(
        _ path: String, in range: ClosedRange<Double>
    ) throws(InputError) -> Double? {
        guard let node = written(path) else {
            note(path, nil)
            return nil
        }
        guard case .scalar(let text, true) = node.value, let number = RecipeReader.number(text),
            range.contains(number)
        else {
            throw mismatch(path, node, expected: "a number in \(RecipeReader.text(range))")
        }
        note(path, .scalar(number.description, isPlain: true))
        return number
    }

    /// A number of bytes such as `512MiB`, nil where the key is absent or `null`.
    package func optionalBytes(_ path: String) throws(InputError) -> Int? {
        guard let node = written(path) else {
            note(path, nil)
            return nil
        }
        guard case .scalar(let text, _) = node.value, let bytes = ByteSize.parse(text) else {
            throw mismatch(path, node, expected: ByteSize.expected)
        }
        note(path, .scalar(text, isPlain: false))
        return bytes
    }

    // MARK: Parts

    func written(_ path: String) -> RecipeNode? {
        guard let node = node(at: path), !node.isNull else { return nil }
        return node
    }

    func noted(_ path: String, _ text: String) -> String {
        note(path, .scalar(text, isPlain: false))
        return text
    }

    func noted(_ path: String, _ texts: [String]) -> [String] {
        note(
            path,
            .list(texts.map { RecipeNode(value: .scalar($0, isPlain: false), origin: name) }))
        return texts
    }

    private static func text(_ range: ClosedRange<Double>) -> String {
        let upper =
            range.upperBound >= .greatestFiniteMagnitude ? "∞" : range.upperBound.description
        return "\(range.lowerBound.description)...\(upper)"
    }

    /// A finite decimal number as YAML's core schema writes it, nil for any other text.
    private static func number(_ text: String) -> Double? {
        let allowed = Set("0123456789.eE+-")
        guard !text.isEmpty, text.allSatisfy({ allowed.contains($0) }),
            text.contains(where: \.isNumber), let value = Double(text), value.isFinite
        else { return nil }
        return value
    }
}
