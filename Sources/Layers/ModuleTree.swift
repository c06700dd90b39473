// SPDX-License-Identifier: Apache-2.0
import Autodiff

/// What a module is made of: its own parameters, and its children with theirs.
///
/// The description is a line a module with the shapes and the number of its parameters, and one
/// line for equal neighbours such as the blocks of a transformer.
public struct ModuleTree: Sendable, Hashable, CustomStringConvertible {
    /// A parameter of the module itself.
    public struct Leaf: Sendable, Hashable {
        /// The name in its module.
        public let name: String
        /// The size of each axis.
        public let shape: [Int]
        /// Whether training changes it.
        public let isTrainable: Bool

        /// The number of scalars.
        public var count: Int { shape.reduce(1, *) }
    }

    /// The name in the parent, such as `blocks.0`; empty for the root.
    public private(set) var name: String
    /// The type's name, such as `Linear`.
    public let type: String
    /// Its own parameters, in state-dict order.
    public private(set) var parameters: [Leaf] = []
    /// The modules in it, in state-dict order.
    public private(set) var children: [ModuleTree] = []

    /// The tree of a module.
    public init(_ module: any Module) {
        var registry = ModuleRegistry()
        registry.tree = ModuleTree(name: "", of: module)
        module.register(in: &registry)
        self = registry.tree ?? ModuleTree(name: "", of: module)
    }

    /// A module before its parts are registered.
    init(name: String, of module: any Module) {
        self.name = name
        type = String(describing: Swift.type(of: module))
    }

    mutating func append(_ name: String, _ parameter: Parameter) {
        parameters.append(
            Leaf(name: name, shape: parameter.shape, isTrainable: parameter.isTrainable))
    }

    mutating func append(_ child: ModuleTree) { children.append(child) }

    /// Scalars in its parameters and those of its children.
    public var parameterCount: Int {
        parameters.reduce(0) { $0 + $1.count } + children.reduce(0) { $0 + $1.parameterCount }
    }

    /// Those of them that train.
    public var trainableCount: Int {
        parameters.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) }
            + children.reduce(0) { $0 + $1.trainableCount }
    }

    /// A line a module: name, type or shapes, scalars; the last line says how many train.
    public var description: String {
        let lines = lines(depth: 0, repeats: 1)
        let names = lines.map(\.name.count).max() ?? 0, holds = lines.map(\.holds.count).max() ?? 0
        let counts = lines.map(\.count.count).max() ?? 0
        func padding(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: width - text.count)
        }
        return lines.map {
            $0.name + padding($0.name, names) + "  " + $0.holds + padding($0.holds, holds)
                + "  " + padding($0.count, counts) + $0.count
        }.joined(separator: "\n")
            + "\n\(Self.grouped(trainableCount)) of \(Self.grouped(parameterCount)) train"
    }

    private struct Line {
        let name, holds, count: String
    }

    private func lines(depth: Int, repeats: Int) -> [Line] {
        let indent = String(repeating: "  ", count: depth), count = parameterCount
        let shapes = parameters.map { "\($0.name) \($0.shape)" }
        var holds = repeats == 1 ? type : "\(repeats) × \(type) of \(Self.grouped(count))"
        if children.isEmpty { holds += "  " + shapes.joined(separator: ", ") }
        var result = [
            Line(name: indent + name, holds: holds, count: Self.grouped(repeats * count))
        ]
        if depth == 0 { result[0] = Line(name: type, holds: "", count: result[0].count) }
        if depth == 0 || !children.isEmpty {
            result += parameters.map {
                Line(
                    name: "\(indent)  \($0.name)", holds: "\($0.shape)",
                    count: Self.grouped($0.count))
            }
        }
        for run in runs { result += run.first.lines(depth: depth + 1, repeats: run.count) }
        return result
    }

    /// The children, equal neighbours of a list as one, such as `blocks.0-11`.
    private var runs: [(first: ModuleTree, count: Int)] {
        var result: [(first: ModuleTree, count: Int)] = [], start = 0
        while start < children.count {
            let first = children[start], base = first.name.split(separator: ".")
            var end = start + 1
            if let index = base.last.flatMap({ Int($0) }) {
                func name(_ step: Int) -> String {
                    (base.dropLast() + ["\(index + step)"]).joined(separator: ".")
                }
                while end < children.count, children[end].name == name(end - start),
                    children[end].named("") == first.named("")
                {
                    end += 1
                }
            }
            let count = end - start, last = children[end - 1].name.split(separator: ".").last ?? ""
            result.append((count == 1 ? first : first.named("\(first.name)-\(last)"), count))
            start = end
        }
        return result
    }

    private func named(_ name: String) -> ModuleTree {
        var other = self
        other.name = name
        return other
    }

    /// Digits in groups of three.
    private static func grouped(_ number: Int) -> String {
        let digits = Array("\(number)")
        return digits.indices.reduce(into: "") { text, place in
            if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
            text.append(digits[place])
        }
    }
}
