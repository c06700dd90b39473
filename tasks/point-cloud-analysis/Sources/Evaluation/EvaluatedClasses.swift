// SPDX-License-Identifier: Apache-2.0
import Files

/// The classes that labels are scored by, and the numbers that the files use for them.
package struct EvaluatedClasses: Sendable {
    /// A name for each class.
    package let names: [String]
    private let lookup: [Int64: Int]
    private let ignored: Set<Int64>
    private let expectation: String

    /// Classes whose numbers are 0 to `count` less 1.
    ///
    /// - Parameter ignored: True labels that don't count.
    package init(count: Int, ignored: Set<Int> = []) {
        names = (0..<count).map(String.init)
        lookup = Dictionary(uniqueKeysWithValues: (0..<count).map { (Int64($0), $0) })
        self.ignored = Set(ignored.map { Int64($0) })
        expectation = "expected 0 to \(count - 1); raise --classes, or "
    }

    /// The classes of a run: each has one or more numbers, which count as one.
    ///
    /// - Parameter ignored: True labels that don't count beside those that the run ignores.
    package init(_ classes: PointClasses, ignored: Set<Int> = []) {
        names = classes.names
        var lookup: [Int64: Int] = [:]
        for (label, codes) in classes.codes.enumerated() {
            for code in codes { lookup[Int64(code)] = label }
        }
        self.lookup = lookup
        self.ignored = Set(classes.ignoredCodes.map { Int64($0) } + ignored.map { Int64($0) })
        let known = zip(classes.names, classes.codes).prefix(40).map { name, codes in
            "\(name) \(codes.map(String.init).joined(separator: " "))"
        }
        expectation = "expected \(known.joined(separator: ", ")), as in the run; "
    }

    /// The number of classes.
    package var count: Int { names.count }

    /// Whether points of a true label don't count.
    func isIgnored(_ label: Int64) -> Bool { ignored.contains(label) }

    /// The class of a label; nil for one that is none.
    func label(of number: Int64) -> Int? { lookup[number] }

    /// An error about a true label that is no class and isn't ignored.
    func unknown(_ label: Int64, point: Int, path: String) -> InputError {
        InputError(
            "point \(point) has the label \(label), \(expectation)leave true labels out with "
                + "--ignore", path: path)
    }
}
