// SPDX-License-Identifier: Apache-2.0
// One's own residual network, finetuned in every way: same data, same start, less and less memory.
import Dr2Net

final class Mixer: Module {
    let norms: [LayerNorm], mlps: [MLP], head: Linear

    init(width: Int, depth: Int, classes: Int, key: RandomKey) {
        norms = (0..<depth).map { _ in LayerNorm(width) }
        mlps = (0..<depth).map { MLP(width, hidden: 4 * width, key: key.child($0)) }
        head = Linear(width, classes, key: key.child("head"))
    }

    func register(in registry: inout ModuleRegistry) {  // the names in checkpoints
        registry.children("norms", norms)
        registry.children("mlps", mlps)
        registry.child("head", head)
    }

    var stage: Stage {  // the branches F_1 ... F_n without their skips
        let branches = zip(norms, mlps).enumerated().map { index, layer in
            Branch(name: "\(index)", unit: .token) { layer.1(layer.0($0, $1), $1) }
        }
        return Stage(name: "mixer", branches: branches, branchesPerBlock: 1)
    }

    func callAsFunction(_ x: Variable, _ context: Context) throws -> Variable {
        head(try stage(x, context).tokenMean(), context)  // the way comes with the context
    }
}

// Random tokens [32, 49, 64] of 4 classes.
let key = RandomKey(seed: 1), labels = (0..<32).map { Int32($0 % 4) }
let pair = CoefficientPolicy.default.plan(step: 0)
for (name, way) in [
    ("conventional", .conventional), ("checkpointed", .checkpointed), ("frozen", .frozen),
    ("dr2net", .dr2net(pair, .exact)), ("dr2net, float", FinetuningWay.dr2net(pair, .float)),
] {
    let model = Mixer(width: 64, depth: 12, classes: 4, key: key)
    let plan = try MemoryPlan(model, way, tile: Tile(tokens: 256), inputs: [[32, 49, 64]]) {
        try model(Variable($0[0]), $1).smoothCrossEntropy(targets: labels)
    }
    let before = StoragePool.usage.live - plan.weightBytes  // the weights are the plan's as well
    let images = Tensor(normal: [32, 49, 64], key: key.child("images"))
    let optimizer = AdamW(model, rate: 3e-3)
    StoragePool.resetPeak()
    let losses = try (0..<8).map { step in
        try optimizer.step(step, way, tile: plan.tile) { context in
            try model(Variable(images), context).smoothCrossEntropy(targets: labels)
        }.loss
    }
    let counted = StoragePool.usage.peak - before, planned = plan.peakPredictedBytes
    print("\(name): loss \(losses[0]) to \(losses[7]), \(counted) bytes of \(planned) planned")
    precondition(losses[7] < losses[0] && abs(counted - planned) * 100 <= planned)
}
