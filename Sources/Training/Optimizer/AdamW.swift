// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Checkpoints
package import Files
import Layers
package import Tensors

/// AdamW over groups of parameters, with clipping by the global norm.
///
/// The moments of a parameter are allocated at its first update, in its own scalar type or in 8
/// bits, and it counts its own updates: a backbone that starts late gets the bias correction of its
/// start.
package final class AdamW {
    /// The constants of all groups.
    package struct Settings: Sendable, Equatable {
        /// The decoupled weight decay, scaled by the learning rate; 0 for none.
        package var weightDecay: Double
        /// β₁ and β₂.
        package var betas: (Double, Double)
        /// ε, added to the root of the second moment.
        package var epsilon: Double
        /// The largest norm of all gradients together; 0 leaves them as they are.
        package var clipNorm: Double
        /// The decay of the weights' moving average, in [0, 1); 0 keeps none.
        package var averageDecay: Double
        /// Whether a parameter is updated as soon as its gradient is complete, so that the
        /// gradients of a step are never held together; needs a `clipNorm` of 0.
        package var updatesInBackward: Bool
        /// How moments are kept.
        package var moments: MomentPrecision

        /// The constants.
        package init(
            weightDecay: Double = 0.05, betas: (Double, Double) = (0.9, 0.999),
            epsilon: Double = 1e-8, clipNorm: Double = 0, averageDecay: Double = 0,
            updatesInBackward: Bool = false, moments: MomentPrecision = .full
        ) {
            self.weightDecay = weightDecay
            self.betas = betas
            self.epsilon = epsilon
            self.clipNorm = clipNorm
            self.averageDecay = averageDecay
            self.updatesInBackward = updatesInBackward
            self.moments = moments
        }

        /// Whether all constants are equal.
        package static func == (a: Settings, b: Settings) -> Bool {
            a.weightDecay == b.weightDecay && a.betas == b.betas && a.epsilon == b.epsilon
                && a.clipNorm == b.clipNorm && a.averageDecay == b.averageDecay
                && a.updatesInBackward == b.updatesInBackward && a.moments == b.moments
        }
    }

    struct Slot {
        let name: String
        let role: ParameterRole
        let parameter: Parameter
        let decays: Bool
        /// The factor on the role's learning rate.
        let rateFactor: Double
        let moments: MomentPrecision
        var updates = 0
        var firstMoment: Tensor?
        var secondMoment: Tensor?
        /// The moving average of the weights, from the parameter's first update on.
        var average: Tensor?

        /// The shape of a moment.
        var momentShape: [Int] {
            moments == .full ? parameter.shape : MomentBlocks.shape(parameter.tensor.count)
        }

        /// The scalar type of a moment.
        var momentType: DType { moments == .full ? parameter.tensor.dtype : .float32 }

        /// A moment before the first update.
        var zeroMoment: Tensor { Tensor(zeros: momentShape, dtype: momentType) }

        /// Whether a moment that was read is one of this parameter.
        func takes(_ moment: Tensor) -> Bool {
            moment.shape == momentShape && moment.dtype == momentType
        }

        /// Moves the average towards the weights: quickly at first, by 1 - `decay` in the end.
        mutating func follow(_ decay: Double) {
            let count = Double(updates)
            let share = 1 - min(decay, (1 + count) / (10 + count))
            let weights = parameter.tensor
            guard let old = average.take() else {
                average = weights
                return
            }
            average = .axpby(1 - share, old, share, weights)
        }
    }

    /// The constants.
    package let settings: Settings
    var slots: [Slot]

    /// An optimizer of the parameters that are trainable now; the others stay as they are.
    ///
    /// - Parameter rateFactors: The factors on the role's learning rate by parameter, 1 for those
    ///   without one.
    /// - Precondition: no name occurs twice.
    package init(
        _ groups: [ParameterGroup], settings: Settings, rateFactors: [String: Double] = [:]
    ) {
        self.settings = settings
        slots = groups.flatMap { group in
            group.entries.filter(\.parameter.isTrainable).map { entry in
                Slot(
                    name: entry.name, role: group.role, parameter: entry.parameter,
                    decays: WeightDecayRule.applies(to: entry.name, shape: entry.parameter.shape),
                    rateFactor: rateFactors[entry.name] ?? 1,
                    moments: settings.moments.of(entry.parameter.tensor.count))
            }
        }
        precondition(
            Set(slots.map(\.name)).count == slots.count, "two parameters share a name in AdamW")
    }

    /// The bytes of the moments and averages so far.
    package var stateBytes: Int {
        slots.reduce(0) {
            $0 + ($1.firstMoment?.byteCount ?? 0) + ($1.secondMoment?.byteCount ?? 0)
                + ($1.average?.byteCount ?? 0)
        }
    }

    /// The number of scalars that this optimizer trains in a role.
    package func scalarCount(_ role: ParameterRole) -> Int {
        slots.reduce(0) { $0 + ($1.role == role ? $1.parameter.tensor.count : 0) }
    }

    /// Makes the parameters of a role trainable or not, those that this optimizer trains.
    package func setTrainable(_ role: ParameterRole, _ isTrainable: Bool) {
        for slot in slots where slot.role == role { slot.parameter.isTrainable = isTrainable }
    }

    /// Drops every gradient.
    package func clearGradients() {
        for slot in slots { slot.parameter.gradient = nil }
    }

    /// The square of each parameter's gradient in double precision; negative without a gradient.
    ///
    /// - Throws: the first parameter whose gradient is not finite, and the step.
    private func squares(step: Int) throws(InputError) -> [Double] {
        var squares = Array(repeating: -1.0, count: slots.count)
        for (index, slot) in slots.enumerated() {
            guard let gradient = slot.parameter.gradient else { continue }
            squares[index] = try square(index, gradient, step: step)
        }
        return squares
    }

    private func square(_ index: Int, _ gradient: Tensor, step: Int) throws(InputError)
        -> Double
    {
        let square = gradient.dot(gradient)
        guard square.isFinite else {
            let wrong = gradient.doubles.filter { !$0.isFinite }.count
            throw InputError(
                "the gradient of \(slots[index].name) has \(wrong) of \(gradient.count) values "
                    + "that are not finite at step \(step); lower the learning rate, lengthen the "
                    + "warm-up, or set optimizer.clipNorm")
        }
        return square
    }

    /// One update of every parameter that has a gradient; gradients are dropped.
    ///
    /// - Parameters:
    ///   - rates: The learning rate of each role; a role without one, or with 0, stays as it is.
    ///   - step: The step for messages, counted from 1.
    ///   - merge: Where the state is sharded, gives the squares of all ranks from those of this
    ///     one's own parameters.
    /// - Returns: the global norm of the gradients before clipping, summed in parameter order.
    /// - Throws: on a gradient that isn't finite, and where no parameter has one; nothing is changed
    ///   then. What `merge` throws.
    @discardableResult
    package func update(
        rates: [ParameterRole: Double], step: Int,
        merge: ([Double]) throws -> [Double] = { $0 }
    ) throws -> Double {
        let squares = try merge(try squares(step: step))
        let norm = try AdamW.norm(squares, step: step)
        let isClipped = settings.clipNorm > 0 && norm > settings.clipNorm
        let scale = isClipped ? settings.clipNorm / norm : 1
        for index in slots.indices {
            let gradient = slots[index].parameter.gradient.take()
            guard squares[index] >= 0 else { continue }
            apply(index, gradient, rates: rates, scale: scale)
        }
        return norm
    }

    /// The update of one parameter by its complete gradient, while the backward pass still runs.
    ///
    /// - Returns: the gradient's square, for ``norm(_:step:)``.
    /// - Throws: on a gradient that isn't finite; the parameter isn't changed then.
    func update(
        _ index: Int, gradient: Tensor, rates: [ParameterRole: Double], step: Int
    ) throws(InputError) -> Double {
        let square = try square(index, gradient, step: step)
        apply(index, gradient, rates: rates, scale: 1)
        return square
    }

    /// One update; only its count where another rank holds the gradient.
    private func apply(
        _ index: Int, _ gradient: consuming Tensor?, rates: [ParameterRole: Double], scale: Double
    ) {
        guard let rate = rates[slots[index].role], rate > 0 else { return }
        slots[index].updates += 1
        guard let gradient else { return }
        let slot = slots[index]
        var first = slots[index].firstMoment.take() ?? slot.zeroMoment
        var second = slots[index].secondMoment.take() ?? slot.zeroMoment
        let constants = AdamWConstants(
            update: slot.updates, rate: rate * slot.rateFactor, betas: settings.betas,
            epsilon: settings.epsilon, decay: slot.decays ? settings.weightDecay : 0,
            gradientScale: scale)
        switch slot.moments {
        case .full:
            slot.parameter.tensor.applyAdamW(
                gradient: gradient, firstMoment: &first, secondMoment: &second, constants)
        case .blocks:
            slot.parameter.tensor.applyAdamW(
                gradient: gradient, firstBlocks: &first, secondBlocks: &second, constants,
                rounding: RandomKey(seed: 0).child("moments").child(slot.name))
        }
        slots[index].firstMoment = first
        slots[index].secondMoment = second
        if settings.averageDecay > 0 { slots[index].follow(settings.averageDecay) }
    }

    /// The global norm, summed in parameter order, from the parameters' squares; negative ones are
    /// of parameters without a gradient.
    ///
    /// - Throws: where no parameter has one.
    static func norm(_ squares: [Double], step: Int) throws(InputError) -> Double {
        guard squares.contains(where: { $0 >= 0 }) else {
            throw InputError(
                "no trainable parameter took part in the loss at step \(step); a learning rate "
                    + "above 0 or an unfrozen layer is needed")
        }
        return squares.reduce(0) { $0 + max(0, $1) }.squareRoot()
    }

    /// Runs `body` with the averaged weights in place of the trained ones, where there are any.
    package func withAverages<R>(_ body: () throws -> R) rethrows -> R {
        let trained = slots.map { slot -> Tensor? in
            guard let average = slot.average else { return nil }
            defer { slot.parameter.tensor = average }
            return slot.parameter.tensor
        }
        defer {
            for (slot, weights) in zip(slots, trained) {
                if let weights { slot.parameter.tensor = weights }
            }
        }
        return try body()
    }

    // MARK: State

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
