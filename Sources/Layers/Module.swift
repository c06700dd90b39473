// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// A part of a network that owns parameters.
///
/// The one requirement lists parameters and children under their checkpoint names, which are
/// the source model's (`blocks.0.attn.qkv.weight`), so that published weights load as they are.
package protocol Module: AnyObject {
    /// Lists parameters and children, in state-dict order.
    func register(in registry: inout ModuleRegistry)
}

/// A layer of a weight and a bias, which checkpoints call so.
package protocol AffineModule: Module {
    /// A parameter, or one that may be absent.
    associatedtype Bias
    /// What multiplies.
    var weight: Parameter { get }
    /// What is added.
    var bias: Bias { get }
}

extension AffineModule where Bias == Parameter {
    /// Registers both.
    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("weight", weight)
        registry.parameter("bias", bias)
    }
}

extension AffineModule where Bias == Parameter? {
    /// Registers those that are there.
    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("weight", weight)
        registry.parameter("bias", bias)
    }
}

/// Collects a module's parameters under their dotted names.
package struct ModuleRegistry {
    /// A parameter and its dotted name.
    package struct Entry {
        /// The checkpoint name, such as `blocks.0.attn.qkv.weight`.
        package let name: String
        /// The parameter.
        package let parameter: Parameter
    }

    /// What was registered, in order.
    package private(set) var entries: [Entry] = []
    private var prefix = ""
    /// The module that is being registered, where its tree is asked for.
    var tree: ModuleTree?

    /// An empty registry.
    package init() {}

    /// Registers a parameter.
    package mutating func parameter(_ name: String, _ parameter: Parameter) {
        entries.append(Entry(name: prefix + name, parameter: parameter))
        tree?.append(name, parameter)
    }

    /// Registers a parameter that may be absent.
    package mutating func parameter(_ name: String, _ parameter: Parameter?) {
        if let parameter { self.parameter(name, parameter) }
    }

    /// Registers a child under `name.`; the empty name adds the child's own names.
    package mutating func child(_ name: String, _ module: any Module) {
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
    package mutating func children(_ name: String, _ modules: [any Module]) {
        for (index, module) in modules.enumerated() { child("\(name).\(index)", module) }
    }
}

extension Module {
    /// All parameters with their dotted names, in state-dict order.
    package var namedParameters: [ModuleRegistry.Entry] {
        var registry = ModuleRegistry()
        register(in: &registry)
        return registry.entries
    }

    /// The number of scalars in all parameters.
    package var parameterCount: Int {
        namedParameters.reduce(0) { $0 + $1.parameter.tensor.count }
    }

    /// The number of scalars in the parameters that train.
    package var trainableCount: Int {
        namedParameters.reduce(0) {
            $0 + ($1.parameter.isTrainable ? $1.parameter.tensor.count : 0)
        }
    }

    /// Makes every parameter trainable or not.
    package func setTrainable(_ isTrainable: Bool) {
        for entry in namedParameters { entry.parameter.isTrainable = isTrainable }
    }

    /// Drops every gradient.
    package func clearGradients() {
        for entry in namedParameters { entry.parameter.gradient = nil }
    }

    /// Rounds or widens every parameter.
    package func convert(to dtype: DType) {
        for entry in namedParameters {
            entry.parameter.tensor = entry.parameter.tensor.converted(to: dtype)
        }
    }
}
