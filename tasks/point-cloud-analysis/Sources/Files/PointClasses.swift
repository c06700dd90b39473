// SPDX-License-Identifier: Apache-2.0
import Files

/// The classes of a data set and the numbers that files use for them.
package struct PointClasses: Sendable, Codable, Equatable {
    /// What a point has whose class doesn't count.
    package static let ignored: Int32 = -1

    /// A name for each class.
    package let names: [String]
    /// The files' numbers of each class, at least one; predictions are written as the first.
    package let codes: [[Int32]]
    /// The files' numbers of points that don't count.
    package let ignoredCodes: [Int32]

    /// Classes whose numbers in files are 0, 1, 2 and so on; -1 doesn't count.
    package init(names: [String]) {
        self.init(
            names: names, codes: names.indices.map { [Int32($0)] },
            ignoredCodes: [PointClasses.ignored])
    }

    /// Classes with the files' numbers.
    ///
    /// - Precondition: Numbers for each class, none of them twice.
    package init(names: [String], codes: [[Int32]], ignoredCodes: [Int32]) {
        self.names = names
        self.codes = codes
        self.ignoredCodes = ignoredCodes
        precondition(isConsistent, "numbers \(codes), \(ignoredCodes) of the classes \(names)")
    }

    /// Whether each class has numbers and none stands twice: a damaged file may say otherwise.
    var isConsistent: Bool {
        let all = codes.flatMap { $0 } + ignoredCodes
        return !names.isEmpty && names.count == codes.count && codes.allSatisfy { !$0.isEmpty }
            && Set(all).count == all.count
    }

    /// The number of classes, C.
    package var count: Int { names.count }

    /// The number that files use for a class.
    package func code(of label: Int32) -> Int32 { codes[Int(label)][0] }
}

/// From the files' numbers to classes, quickly.
struct ClassLookup: Sendable {
    private static let unknown = Int32.min
    private static let small = 256

    private let classes: PointClasses
    private var table: [Int32]
    private var rest: [Int32: Int32] = [:]
    private let others: Int32

    /// - Parameter others: The class of all other numbers; nil where they are unknown.
    init(_ classes: PointClasses, others: Int32? = nil) {
        self.classes = classes
        self.others = others ?? ClassLookup.unknown
        table = [Int32](repeating: self.others, count: ClassLookup.small)
        for (label, codes) in classes.codes.enumerated() {
            for code in codes { set(code, Int32(label)) }
        }
        for code in classes.ignoredCodes { set(code, PointClasses.ignored) }
    }

    /// The number of classes.
    var count: Int { classes.count }

    private mutating func set(_ code: Int32, _ label: Int32) {
        if table.indices.contains(Int(code)) {
            table[Int(code)] = label
        } else {
            rest[code] = label
        }
    }

    /// The class of a file's number; ``PointClasses/ignored`` for one that doesn't count, nil for
    /// one that is unknown.
    @inline(__always)
    func label(of code: Int32) -> Int32? {
        let label =
            code >= 0 && code < ClassLookup.small
            ? table[Int(code)] : rest[code] ?? others
        return label == ClassLookup.unknown ? nil : label
    }

    /// An error about a number that is no class.
    func unknown(_ code: Int32, points: Int, path: String) -> InputError {
        let known = zip(classes.names, classes.codes).prefix(40).map { name, codes in
            "\(name) \(codes.map(String.init).joined(separator: " "))"
        }
        return InputError(
            "\(points) points have the class \(code), expected \(known.joined(separator: ", ")); "
                + "name it in data.classes, or in data.ignore to leave such points out of training "
                + "and scores", path: path)
    }
}
