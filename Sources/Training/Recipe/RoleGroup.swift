// SPDX-License-Identifier: Apache-2.0
package import Layers
package import Optimizers

/// Which learning rate and start a recipe gives a parameter.
package enum ParameterRole: String, CaseIterable, Sendable {
    /// New layers, trained from the first step.
    case head
    /// Pretrained layers, trained from `schedule.backboneStart`.
    case backbone
}

/// The parameters of one role under their checkpoint names.
package struct RoleGroup {
    /// The role.
    package let role: ParameterRole
    /// Names, unique over all groups, and parameters.
    package let entries: [ModuleRegistry.Entry]

    /// All parameters of a module, their names behind `prefix` and a dot where it isn't empty.
    package init(_ role: ParameterRole, prefix: String = "", _ module: any Module) {
        var registry = ModuleRegistry()
        registry.child(prefix, module)
        self.init(role, entries: registry.entries)
    }

    /// A list of parameters.
    package init(_ role: ParameterRole, entries: [ModuleRegistry.Entry]) {
        self.role = role
        self.entries = entries
    }
}

extension TrainingRecipe {
    /// The optimizer's groups: each role's parameters at the recipe's rate, from its start on.
    ///
    /// A role that no parameter has is there as well, since a run's metrics tell its rate.
    package func optimizerGroups(_ groups: [RoleGroup]) -> [ParameterGroup] {
        let absent = ParameterRole.allCases.filter { role in
            !groups.contains { $0.role == role }
        }
        return (groups + absent.map { RoleGroup($0, entries: []) }).map { group in
            let isBackbone = group.role == .backbone
            return ParameterGroup(
                group.role.rawValue, entries: group.entries,
                rate: learningRates[group.role, default: 0],
                start: isBackbone ? backboneStart : 0, layerDecay: isBackbone ? layerDecay : 1)
        }
    }
}
