// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Checkpoints
package import Files
import Tensors

/// What goes into checkpoints.
extension AdamW {
    /// The moments as `m.NAME` and `v.NAME`, the averaged weights as `average.NAME`, and the update
    /// counts as `updates.NAME`.
    package func addState(to state: inout StateDict, prefix: String) {
        for slot in slots where slot.updates > 0 {
            state[prefix + "m." + slot.name] = slot.firstMoment
            state[prefix + "v." + slot.name] = slot.secondMoment
            state[prefix + "average." + slot.name] = slot.average
            state.setValue(
                .integers(IntegerArray([Int64(slot.updates)], shape: [1])),
                for: prefix + "updates." + slot.name)
        }
    }

    /// Takes back what ``addState(to:prefix:)`` gave.
    ///
    /// - Throws: where a moment has no parameter, or another shape or type. Nothing is changed then.
    package func restore(from state: StateDict, prefix: String) throws(InputError) {
        var restored = slots
        var expected = 0
        for index in restored.indices {
            let name = restored[index].name, tensor = restored[index].parameter.tensor
            restored[index].updates = 0
            restored[index].firstMoment = nil
            restored[index].secondMoment = nil
            restored[index].average = nil
            guard let counts = state.integers(prefix + "updates." + name) else { continue }
            guard let m = state[prefix + "m." + name], let v = state[prefix + "v." + name],
                restored[index].takes(m), restored[index].takes(v),
                let count = counts.values.first, counts.values.count == 1, count > 0,
                count <= 1 << 53
            else {
                throw InputError(
                    "the optimizer state of \(name) doesn't fit its shape \(tensor.shape); the "
                        + "checkpoint is of another recipe")
            }
            restored[index].updates = Int(count)
            restored[index].firstMoment = m
            restored[index].secondMoment = v
            expected += 3
            guard settings.averageDecay > 0 else { continue }
            guard let average = state[prefix + "average." + name], average.shape == tensor.shape,
                average.dtype == tensor.dtype
            else {
                throw InputError(
                    "the averaged weights of \(name) are missing or don't fit its shape "
                        + "\(tensor.shape); the checkpoint is of another recipe")
            }
            restored[index].average = average
            expected += 1
        }
        let present = state.names.filter { $0.hasPrefix(prefix) }
        guard present.count == expected else {
            throw InputError(
                "the checkpoint holds \(present.count) arrays of optimizer state where the model "
                    + "takes \(expected); it is of another recipe")
        }
        slots = restored
    }
}
