// SPDX-License-Identifier: Apache-2.0
import Autodiff
public import Layers
import Tensors

/// AdamW over groups of parameters, with clipping by the global norm.
///
/// The moments of a parameter are allocated at its first update, in its own scalar type or in 8
/// bits, and it counts its own updates: a backbone that starts late gets the bias correction of its
/// start.
public final class AdamW {
    /// The constants.
    public let settings: Settings
    /// The factor on all learning rates.
    public let schedule: LearningRateSchedule
    /// What trains, in the groups' order.
    package var slots: [Slot]
    let groups: [ParameterGroup]

    /// An optimizer of the parameters that are trainable now; the others stay as they are.
    ///
    /// - Precondition: no parameter's name occurs twice.
    public init(
        _ groups: [ParameterGroup], settings: Settings = Settings(),
        schedule: LearningRateSchedule = .constant
    ) {
        self.settings = settings
        self.schedule = schedule
        self.groups = groups
        slots = groups.flatMap { group in
            zip(group.entries, group.rateFactors).filter(\.0.parameter.isTrainable).map {
                (entry, factor) in
                Slot(
                    name: entry.name, group: group.name, parameter: entry.parameter,
                    decays: WeightDecayRule.applies(to: entry.name, shape: entry.parameter.shape),
                    rateFactor: factor,
                    moments: settings.moments.of(entry.parameter.tensor.count))
            }
        }
        precondition(
            !settings.updatesInBackward || settings.clipNorm == 0,
            "AdamW: a clipNorm needs all gradients together, updatesInBackward drops them")
        precondition(
            Set(slots.map(\.name)).count == slots.count, "two parameters share a name in AdamW")
        precondition(
            groups.allSatisfy { group in
                groups.first { $0.name == group.name }.map {
                    $0.rate == group.rate && $0.start == group.start
                } == true
            }, "groups of one name differ in rate or start in AdamW")
    }

    /// An optimizer of a whole network at one learning rate.
    public convenience init(
        _ network: any Module, rate: Double, settings: Settings = Settings(),
        schedule: LearningRateSchedule = .constant
    ) {
        self.init(
            [ParameterGroup("", network, rate: rate)], settings: settings, schedule: schedule)
    }

    /// The bytes of the moments and averages so far.
    public var stateBytes: Int {
        slots.reduce(0) {
            $0 + ($1.firstMoment?.byteCount ?? 0) + ($1.secondMoment?.byteCount ?? 0)
                + ($1.average?.byteCount ?? 0)
        }
    }

    /// The number of scalars that this optimizer trains in groups of a name.
    package func scalarCount(_ group: String) -> Int {
        slots.reduce(0) { $0 + ($1.group == group ? $1.parameter.tensor.count : 0) }
    }

    /// The learning rate of each group at a step, counted from 0.
    public func rates(step: Int) -> [String: Double] {
        groups.reduce(into: [:]) { rates, group in
            rates[group.name] = group.rate * schedule.factor(step: step, start: group.start)
        }
    }

    /// Makes those parameters trainable whose groups train at a step.
    public func setTrainable(step: Int) {
        let names = Set(groups.filter { step >= $0.start && $0.rate > 0 }.map(\.name))
        for slot in slots { slot.parameter.isTrainable = names.contains(slot.group) }
    }

    /// Drops every gradient.
    public func clearGradients() {
        for slot in slots { slot.parameter.gradient = nil }
    }

    /// The square of each parameter's gradient in double precision; negative without a gradient.
    ///
    /// - Throws: the first parameter whose gradient is not finite, and the step.
    private func squares(step: Int) throws(OptimizerError) -> [Double] {
        var squares = Array(repeating: -1.0, count: slots.count)
        for (index, slot) in slots.enumerated() {
            guard let gradient = slot.parameter.gradient else { continue }
            squares[index] = try square(index, gradient, step: step)
        }
        return squares
    }

    private func square(_ index: Int, _ gradient: Tensor, step: Int) throws(OptimizerError)
        -> Double
    {
        let square = gradient.dot(gradient)
        guard square.isFinite else {
            let wrong = gradient.doubles.filter { !$0.isFinite }.count
            throw OptimizerError(
                kind: .gradient,
                problem: "the gradient of \(slots[index].name) has \(wrong) of \(gradient.count) "
                    + "values that are not finite at step \(step)")
        }
        return square
    }

    /// One update of every parameter that has a gradient; gradients are dropped.
    ///
    /// - Parameters:
    ///   - rates: The learning rate of each group; a group without one, or with 0, stays as it is.
    ///   - step: The step for messages, counted from 1.
    ///   - merge: Where the state is sharded, gives the squares of all ranks from those of this
    ///     one's own parameters.
    /// - Returns: the global norm of the gradients before clipping, summed in parameter order.
    /// - Throws: on a gradient that isn't finite, and where no parameter has one; nothing is changed
    ///   then. What `merge` throws.
    @discardableResult
    public func update(
        rates: [String: Double], step: Int,
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
        _ index: Int, gradient: Tensor, rates: [String: Double], step: Int
    ) throws(OptimizerError) -> Double {
        let square = try square(index, gradient, step: step)
        apply(index, gradient, rates: rates, scale: 1)
        return square
    }

    /// One update; only its count where another rank holds the gradient.
    private func apply(
        _ index: Int, _ gradient: consuming Tensor?, rates: [String: Double], scale: Double
    ) {
        guard let rate = rates[slots[index].group], rate > 0 else { return }
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
    static func norm(_ squares: [Double], step: Int) throws(OptimizerError) -> Double {
        guard squares.contains(where: { $0 >= 0 }) else {
            throw OptimizerError(
                kind: .unused,
                problem: "no trainable parameter took part in the loss at step \(step)")
        }
        return squares.reduce(0) { $0 + max(0, $1) }.squareRoot()
    }

    /// Runs `body` with the averaged weights in place of the trained ones, where there are any.
    public func withAverages<R>(_ body: () throws -> R) rethrows -> R {
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
}
