// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Layers
public import Reversible
public import Tensors

/// The bytes of one training step before it runs: the real step, walked dry.
///
/// Counts what `StoragePool` counts, of a later step of a run: the first ones make the moments and averages.
/// The parts needn't all be live at the peak: a conventional step frees activations while gradients
/// grow. Streams whose values outgrow 4 bytes take 8, which shapes don't tell.
public struct MemoryPlan: Sendable, Hashable {
    /// The tile that the plan is for; nil runs whole branches.
    public let tile: Tile?
    /// Bytes of the parameters.
    public let weightBytes: Int
    /// Bytes of all gradients together.
    public let gradientBytes: Int
    /// Bytes of the optimizer's moments and averages.
    public let optimizerBytes: Int
    /// Bytes of the pairs that `dr2net` keeps, one a stage.
    public let streamBytes: Int
    /// Bytes of the exact arithmetic's remainder bits.
    public let remainderBytes: Int
    /// Bytes of the tensors that `checkpointed` keeps, one a block.
    public let checkpointBytes: Int
    /// Bytes that are live once the forward pass is done, the loss among them.
    public let forwardBytes: Int
    /// The most bytes that are live at once.
    public let peakPredictedBytes: Int
    /// Rows of the longest loop that runs in slices.
    let rows: Int

    /// What the peak holds beside the parts above: one branch's own, or the whole conventional
    /// tape.
    public var transientBytes: Int {
        max(
            0,
            peakPredictedBytes - weightBytes - gradientBytes - optimizerBytes - streamBytes
                - remainderBytes - checkpointBytes)
    }

    /// The plan of a step: forward, backward, update.
    ///
    /// - Parameters:
    ///   - groups: The parameters; those that train now are updated at the groups' rates, late
    ///     groups as if they had begun.
    ///   - settings: The optimizer's.
    ///   - tile: What `loss` runs in, for the record.
    ///   - passes: Forward and backward passes of a step; two hold as much as more.
    ///   - key: Of the step's draws, which decide which samples drop path leaves out.
    ///   - shapes: Shapes of what is there before the step and to its end, float32.
    ///   - loss: The step's loss of these inputs, or features, whose backward pass then begins at
    ///     themselves. Further inputs are placeholders that it makes.
    public init(
        _ groups: [ParameterGroup], settings: AdamW.Settings, tile: Tile? = nil,
        passes: Int = 1, key: RandomKey = RandomKey(seed: 0), inputs shapes: [[Int]] = [],
        _ loss: (_ inputs: [Tensor], Context) throws -> Variable
    ) throws {
        let module = PlannedParameters(groups), step = groups.map(\.start).max() ?? 0
        let trainable = module.parameters.map(\.isTrainable)
        defer {
            for (parameter, isTrainable) in zip(module.parameters, trainable) {
                parameter.isTrainable = isTrainable
            }
        }
        let walk = try DryRun.measure {
            try module.withPlaceholders {
                let weights = DryRun.usage.live
                let optimizer = AdamW(groups, settings: settings)
                let inputs = shapes.map { Tensor(placeholder: $0) }
                var forward = DryRun.Usage()
                // Averages are the weights themselves until the second update.
                for step in step...(step + (settings.averageDecay > 0 ? 2 : 1)) {
                    StoragePool.resetPeak()
                    try optimizer.walk(step: step, passes: min(2, passes), key: key) {
                        context in
                        let output = try loss(inputs, context)
                        forward = DryRun.usage
                        return output
                    }
                }
                return withExtendedLifetime(inputs) {
                    (weights, optimizer, forward, DryRun.usage)
                }
            }
        }.result
        let (weights, optimizer, forward, end) = walk
        self.tile = tile
        weightBytes = weights
        let updated = optimizer.slots.reduce(0) {
            $0 + ($1.updates > 0 ? $1.parameter.tensor.byteCount : 0)
        }
        gradientBytes = settings.updatesInBackward ? 0 : updated
        optimizerBytes = optimizer.stateBytes
        streamBytes = forward.streams
        remainderBytes = forward.remainders
        checkpointBytes = forward.checkpoints
        forwardBytes = forward.live
        peakPredictedBytes = end.peak
        rows = end.rows
    }
}

extension MemoryPlan {
    /// The plan of a network's step one way, all of it training that is trainable.
    ///
    /// - Parameters:
    ///   - model: Its parameters are as they were afterwards.
    ///   - way: How residual stages run.
    ///   - tile: Slices of `checkpointed` and `dr2net`; nil runs whole branches.
    ///   - settings: The optimizer's.
    ///   - inputs: Shapes of what is there before the step and to its end, float32.
    ///   - loss: The step's loss of these inputs.
    /// - Throws: what `loss` throws.
    public init(
        _ model: any Module, _ way: FinetuningWay, tile: Tile? = nil,
        settings: AdamW.Settings = AdamW.Settings(), inputs: [[Int]],
        _ loss: (_ inputs: [Tensor], Context) throws -> Variable
    ) throws {
        try self.init(
            [ParameterGroup("", model, rate: 1)], settings: settings, tile: tile, inputs: inputs
        ) { try loss($0, $1.running(way, tile: tile)) }
    }

    /// The same with the largest tile that fits a budget, whole branches where they do.
    ///
    /// - Parameter budget: Bytes that a step may count.
    /// - Throws: ``MemoryBudgetError`` with the least budget that would do; what `loss` throws.
    public static func fitting(
        budget: Int, _ model: any Module, _ way: FinetuningWay,
        settings: AdamW.Settings = AdamW.Settings(), inputs: [[Int]],
        _ loss: (_ inputs: [Tensor], Context) throws -> Variable
    ) throws -> MemoryPlan {
        try fitting(budget: budget, hasTiles: way.hasTiles) {
            try MemoryPlan(model, way, tile: $0, settings: settings, inputs: inputs, loss)
        }
    }
}

/// The parameters of groups as one module.
private final class PlannedParameters: Module {
    private let groups: [ParameterGroup]

    init(_ groups: [ParameterGroup]) { self.groups = groups }

    var parameters: [Parameter] { groups.flatMap(\.entries).map(\.parameter) }

    func register(in registry: inout ModuleRegistry) {
        for entry in groups.flatMap(\.entries) { registry.parameter(entry.name, entry.parameter) }
    }
}

extension AdamW {
    /// A step of a dry run; one in which nothing trains ends with its forward pass.
    fileprivate func walk(
        step number: Int, passes: Int, key: RandomKey, _ loss: (Context) throws -> Variable
    ) throws {
        var output: Variable?
        do {
            try step(number, passes: passes) { context, _ in
                var context = context
                context.key = key
                let variable = try loss(context)
                output = variable
                guard variable.tensor.count > 1 else { return StepLosses(total: variable) }
                let shape = variable.shape, dtype = variable.tensor.dtype
                let sum = Variable.operation(Tensor(zeros: [1]), inputs: [variable]) { _ in
                    [Tensor(repeating: 1, shape: shape, dtype: dtype)]
                }
                return StepLosses(total: sum)
            }
        } catch let error as OptimizerError where error.kind == .unused {}
        withExtendedLifetime(output) {}
    }
}
