// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Optimizers
import Reversible
import Tensors
import TestSupport
import Testing

/// A stage of mixers over tokens `[8, 96, 32]` with a head.
private final class Mixer: Module {
    let norms: [LayerNorm], mlps: [MLP], head: Linear

    init(depth: Int = 6) {
        let key = RandomKey(seed: 1)
        norms = (0..<depth).map { _ in LayerNorm(32) }
        mlps = (0..<depth).map { MLP(32, hidden: 128, key: key.child($0)) }
        head = Linear(32, 4, key: key.child("head"))
    }

    func register(in registry: inout ModuleRegistry) {
        registry.children("norms", norms)
        registry.children("mlps", mlps)
        registry.child("head", head)
    }

    static let shape = [8, 96, 32]
    static let way = FinetuningWay.dr2net(CoefficientPolicy.default.plan(step: 0), .exact)
    static let ways: [FinetuningWay] = [
        .conventional, .checkpointed, way,
        .dr2net(CoefficientPolicy.default.plan(step: 0), .float),
    ]

    func loss(_ x: Tensor, _ context: Context) throws -> Variable {
        let branches = zip(norms, mlps).enumerated().map { index, layer in
            Branch(name: "\(index)", unit: .token) { layer.1(layer.0($0, $1), $1) }
        }
        let stage = Stage(name: "mixer", branches: branches, branchesPerBlock: 1)
        return head(try stage(Variable(x), context).tokenMean(), context)
            .smoothCrossEntropy(targets: (0..<8).map { Int32($0 % 4) })
    }

    func plan(
        _ way: FinetuningWay = way, tile: Tile? = nil, settings: AdamW.Settings = .init(),
        passes: Int = 1
    ) throws -> MemoryPlan {
        try MemoryPlan(
            [ParameterGroup("", self, rate: 1)], settings: settings, tile: tile, passes: passes,
            inputs: [Mixer.shape]
        ) { try self.loss($0[0], $1.running(way, tile: tile)) }
    }
}

@Suite("memory plan") struct MemoryPlanTests {
    @Test("is what real steps count, in every way, tile and form of moments and gradients")
    func isWhatStepsCount() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) {
            for way in Mixer.ways {
                for (tile, passes, inBackward, moments) in [
                    (nil, 1, false, .full), (nil, 2, false, .full), (nil, 3, false, .blocks),
                    (Tile(tokens: 100), 1, true, .full), (Tile(tokens: 100), 1, true, .blocks),
                    (Tile(tokens: 64), 4, false, .full),
                ] as [(Tile?, Int, Bool, MomentPrecision)] {
                    let before = StoragePool.usage.live
                    let model = Mixer()
                    let settings = AdamW.Settings(
                        averageDecay: passes == 3 ? 0.9 : 0, updatesInBackward: inBackward,
                        moments: moments)
                    let plan = try model.plan(
                        way, tile: tile, settings: settings, passes: passes)
                    let optimizer = AdamW(model, rate: 1e-3, settings: settings)
                    let images = Tensor(normal: Mixer.shape, key: RandomKey(seed: 2))
                    StoragePool.resetPeak()
                    for step in 0..<3 {
                        try optimizer.step(step, passes: passes) { context, _ in
                            StepLosses(
                                total: try model.loss(images, context.running(way, tile: tile)))
                        }
                    }
                    let counted = StoragePool.usage.peak - before
                    #expect(
                        plan.peakPredictedBytes == counted,
                        "\(way), tile \(tile?.tokens ?? 0), \(passes) passes, \(inBackward)")
                    #expect(plan.optimizerBytes == optimizer.stateBytes)
                }
            }
        }
    }

    @Test("leaves values, gradients and trainability as they were, and allocates nothing")
    func leavesTheModelAlone() throws {
        let model = Mixer()
        model.norms[0].weight.isTrainable = false
        model.head.weight.gradient = Tensor(repeating: 3, shape: [4, 32])
        let before = model.namedParameters.map(\.parameter.tensor)
        _ = try model.plan()
        for (entry, tensor) in zip(model.namedParameters, before) {
            #expect(entry.parameter.tensor.isIdentical(to: tensor), "\(entry.name)")
            #expect(entry.parameter.isTrainable == (entry.name != "norms.0.weight"))
        }
        #expect(model.head.weight.gradient?.doubles == Array(repeating: 3, count: 128))
        #expect(model.mlps[0].fc1.weight.gradient == nil)
    }

    @Test("parts are the shapes' bytes")
    func parts() throws {
        let model = Mixer(), scalars = model.parameterCount, elements = 8 * 96 * 32
        let dual = try model.plan()
        #expect(dual.weightBytes == 4 * scalars && dual.gradientBytes == 4 * scalars)
        #expect(dual.optimizerBytes == 8 * scalars)
        #expect(dual.streamBytes == 2 * 4 * elements)
        #expect(dual.remainderBytes == 6 * elements * 4 / 8 && dual.checkpointBytes == 0)
        let kept = try model.plan(.checkpointed)
        #expect(kept.checkpointBytes == 6 * elements * 4)
        #expect(kept.streamBytes == 0 && kept.remainderBytes == 0)
        let conventional = try model.plan(.conventional)
        #expect(2 * conventional.peakPredictedBytes > 3 * dual.peakPredictedBytes)
    }

    @Test("the tile is the largest that fits", arguments: [FinetuningWay.checkpointed, Mixer.way])
    func tileIsTheLargest(way: FinetuningWay) throws {
        let model = Mixer()
        func fitting(_ budget: Int) throws -> Tile? {
            try MemoryPlan.fitting(budget: budget, model, way, inputs: [Mixer.shape]) {
                try model.loss($0[0], $1)
            }.tile
        }
        let whole = try model.plan(way).peakPredictedBytes
        #expect(try fitting(whole) == nil)
        var previous = whole
        for tokens in [512, 256, 128, 64, 32, 16] {
            let peak = try model.plan(way, tile: Tile(tokens: tokens)).peakPredictedBytes
            guard peak < previous else { continue }
            previous = peak
            #expect(try fitting(peak) == Tile(tokens: tokens))
        }
        #expect(previous < whole)
    }

    @Test("a budget that nothing meets is refused with the least that would do")
    func leastBudgetIsSaid() throws {
        let model = Mixer()
        for way in Mixer.ways {
            func fitting(_ budget: Int) throws -> MemoryPlan {
                try MemoryPlan.fitting(budget: budget, model, way, inputs: [Mixer.shape]) {
                    try model.loss($0[0], $1)
                }
            }
            let error = #expect(throws: MemoryBudgetError.self) { try fitting(1000) }
            let least = try #require(error).least
            #expect(error?.description.contains("\(least)") == true)
            #expect(
                error?.text([.init("--in-backward", bytes: 12)]).hasSuffix(
                    "; --in-backward saves 12 bytes") == true)
            #expect(try fitting(least).peakPredictedBytes <= least)
            #expect(throws: MemoryBudgetError.self) { try fitting(least - 1) }
        }
    }

    @Test("a network made in a dry run is planned without a byte of it")
    func plansWhatIsNotThere() throws {
        let plan = try DryRun.measure { try Mixer(depth: 100).plan() }.result
        #expect(plan.weightBytes == 4 * Mixer(depth: 100).parameterCount)
    }
}
