// SPDX-License-Identifier: Apache-2.0
public import Layers

/// Parameters that train alike: at one learning rate, from one step on.
public struct ParameterGroup {
    /// The name under which rates are given and told; several groups may share it.
    public let name: String
    /// Names, unique over all groups, and parameters.
    public let entries: [ModuleRegistry.Entry]
    /// The full learning rate, before the schedule; 0 leaves the group as it is.
    public let rate: Double
    /// The step, from 0, at which the group begins to train.
    public let start: Int
    /// The factor on the rate from one block to the one before it, see ``LayerDecay``.
    public let layerDecay: Double

    /// A list of parameters.
    public init(
        _ name: String, entries: [ModuleRegistry.Entry], rate: Double, start: Int = 0,
        layerDecay: Double = 1
    ) {
        self.name = name
        self.entries = entries
        self.rate = rate
        self.start = start
        self.layerDecay = layerDecay
    }

    /// All parameters of a module, their names behind the group's and a dot.
    public init(
        _ name: String, _ module: any Module, rate: Double, start: Int = 0, layerDecay: Double = 1
    ) {
        var registry = ModuleRegistry()
        registry.child(name, module)
        self.init(
            name, entries: registry.entries, rate: rate, start: start, layerDecay: layerDecay)
    }

    /// The factor on the rate of each parameter.
    var rateFactors: [Double] { LayerDecay.factors(entries.map(\.name), decay: layerDecay) }
}
