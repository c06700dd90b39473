// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Tensors

/// A part of a network that owns parameters.
///
/// The one requirement lists parameters and children under their checkpoint names, which are
/// the source model's (`blocks.0.attn.qkv.weight`), so that published weights load as they are.
public protocol Module: AnyObject {
    /// Lists parameters and children, in state-dict order.
    func register(in registry: inout ModuleRegistry)
}

/// A layer of a weight and a bias, which checkpoints call so.
public protocol AffineModule: Module {
    /// A parameter, or one that may be absent.
    associatedtype Bias
    /// What multiplies.
    var weight: Parameter { get }
    /// What is added.
    var bias: Bias { get }
}

extension AffineModule where Bias == Parameter {
    /// Registers both.
    public func register(in registry: inout ModuleRegistry) {
        registry.parameter("weight", weight)
        registry.parameter("bias", bias)
    }
}

extension AffineModule where Bias == Parameter? {
    /// Registers those that are there.
    public func register(in registry: inout ModuleRegistry) {
        registry.parameter("weight", weight)
        registry.parameter("bias", bias)
    }
}

/// Collects a module's parameters under their dotted names.
public struct ModuleRegistry {
    /// A parameter and its dotted name.
    public struct Entry {
        /// The checkpoint name, such as `blocks.0.attn.qkv.weight`.
        public let name: String
        /// The parameter.
        public let parameter: Parameter
    }

    /// What was registered, in order.
    public private(set) var entries: [Entry] = []
    private var prefix = ""
    /// The module that is being registered, where its tree is asked for.
    var tree: ModuleTree?

    /// An empty registry.
    public init() {}

    /// Registers a parameter.
    public mutating func parameter(_ name: String, _ parameter: Parameter) {
        entries.append(Entry(name: prefix + name, parameter: parameter))
        tree?.append(name, parameter)
    }

    /// Registers a parameter that may be absent.
    public mutating func parameter(_ name: String, _ parameter: Parameter?) {
        if let parameter { self.parameter(name, parameter) }
    }

    /// Registers a child under `name.`; the empty name adds the child's own names.
    public mutating func child(_ name: String, _ module: any Module) {
        guard !name.isEmpty else { return module.register(in: &self) }
        let (outer, parent) = (prefix, tree)
        prefix += name + "."
        if parent != nil { tree = ModuleTree(name: name, of: module) }
        module.register(in: &self)
        let child = tree
        (prefix, tree) = (outer, parent)
        if let child { tree?.append(child) }
    }

    /// Registers a list of children under `name.0.`, `name.1.` and so on.
    public mutating func children(_ name: String, _ modules: [any Module]) {
        for (index, module) in modules.enumerated() { child("\(name).\(index)", module) }
    }
}

extension Module {
    /// All parameters with their dotted names, in state-dict order.
    public var namedParameters: [ModuleRegistry.Entry] {
        var registry = ModuleRegistry()
        register(in: &registry)
        return registry.entries
    }

    /// The number of scalars in all parameters.
    public var parameterCount: Int {
        namedParameters.reduce(0) { $0 + $1.parameter.tensor.count }
    }

    /// The number of scalars in the parameters that train.
    public var trainableCount: Int {
        namedParameters.reduce(0) {
            $0 + ($1.parameter.isTrainable ? $1.parameter.tensor.count : 0)
        }
    }

    /// Makes every parameter trainable or not.
    public func setTrainable(_ isTrainable: Bool) {
        for entry in namedParameters { entry.parameter.isTrainable = isTrainable }
    }

    /// Drops every gradient.
    public func clearGradients() {
        for entry in namedParameters { entry.parameter.gradient = nil }
    }

    /// Rounds or widens every parameter.
    public func convert(to dtype: DType) {
        for entry in namedParameters {
            entry.parameter.tensor = entry.parameter.tensor.converted(to: dtype)
        }
    }
}
