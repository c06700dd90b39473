// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Backbones
import CommandLineSupport
import Console
import Files
import Measurements
import Optimizers
import Reversible
import Tensors
import Training

/// `dr2net backbone profile`.
struct BackboneProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Measure the time and the memory of a training step.",
        discussion: """
            A step is forward, backward of mean(features²) and AdamW on a random input; one step \
            warms up. transientBytes is what the counted peak holds beside the parts named. gemmShare is the model's operations a second (a backward counts twice the \
            forward, recomputation nothing) over the rate of a large matrix product measured here. \
            The last table is predicted from shapes, for every way.
            """)

    @OptionGroup var network: BackboneOptions
    @OptionGroup var ways: WayOptions

    @Option(help: "Pretrained weights. (default: random ones)", completion: .file())
    var weights: String?

    @Option(help: "Shape of the input, such as 16,3,224,224 or 1,3,32,224,224.")
    var inputShape: String

    @Option(help: "Steps that are measured.")
    var steps = 3

    @Option(help: "Bytes that a step may count at its peak, such as 2GiB; picks the tile.")
    var memoryBudget: String?

    @Flag(help: "Update each parameter in the backward pass, as optimizer.inBackward does.")
    var inBackward = false

    @Option(help: "Bits of each of AdamW's moments, 32 or 8, as optimizer.momentBits.")
    var momentBits = 32

    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    private var optimizer: AdamW.Settings {
        AdamW.Settings(
            weightDecay: 0.05, updatesInBackward: inBackward,
            moments: momentBits == 8 ? .blocks : .full)
    }

    func validate() throws {
        guard [8, 32].contains(momentBits) else {
            throw ValidationError("--moment-bits \(momentBits): expected 32 or 8")
        }
        if let memoryBudget {
            guard ByteSize.parse(memoryBudget) != nil else {
                throw ValidationError(
                    "--memory-budget \(memoryBudget): expected a size such as 2GiB or 800MiB")
            }
            guard ways.tile == nil else {
                throw ValidationError("--memory-budget picks the tile: leave out --tile")
            }
        }
        guard (1...10000).contains(steps) else {
            throw ValidationError("--steps \(steps): expected 1 to 10000")
        }
        _ = try shape()
    }

    /// The shape given, of at most 2³¹ numbers.
    private func shape() throws -> [Int] {
        let sizes = inputShape.split(separator: ",", omittingEmptySubsequences: false).map {
            Int($0) ?? 0
        }
        var count = 1
        for size in sizes {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            count = overflow ? 0 : product
        }
        guard sizes.count >= 4, sizes.allSatisfy({ $0 > 0 }), (1...(1 << 31)).contains(count) else {
            throw ValidationError(
                "--input-shape \(inputShape): expected sizes such as 16,3,224,224, at most 2^31 "
                    + "numbers")
        }
        return sizes
    }

    func run() throws {
        let console = common.start()
        let shape = try shape()
        try network.check(shape, what: "--input-shape")
        let backbone = try network.load(
            weights: weights, seed: random.seed, console: console)
        let key = RandomKey(seed: random.seed)
        // One picture for all samples: the values change neither time nor memory.
        let picture = Tensor(normal: [1] + shape.dropFirst(), key: key.child("input"))
        let images = Tensor.joiningRows(Array(repeating: picture, count: shape[0]))
        let rateBefore = MatrixProductRate.measure()
        let way = ways.trainingWay(key: key)
        func planned(
            _ way: FinetuningWay, _ tile: Tile?, _ settings: AdamW.Settings? = nil
        ) throws -> MemoryPlan {
            try StepProfile(
                network: backbone, way: way, tile: tile, settings: settings ?? optimizer, key: key
            ).memoryPlan(shape)
        }
        var planSeconds = 0.0
        let plan = try fitting { tile, settings in
            let begin = ProgressLine.seconds()
            defer { planSeconds = ProgressLine.seconds() - begin }
            return try planned(way, tile, settings)
        }
        let tile = plan.tile
        let profile = StepProfile(
            network: backbone, way: way, tile: tile, settings: optimizer, key: key)
        let progress = common.progress()
        let measured = try profile.run(images, steps: steps) { done, total in
            progress.update(done: done, total: total, "steps")
        }
        progress.finish()
        let resident = ResidentMemory.peak
        let operations = profile.modelOperations(shape)
        // Measured twice, since other work on the machine may hold one of them back.
        let rate = max(rateBefore, MatrixProductRate.measure())
        let known =
            measured.weightBytes + measured.gradientBytes + measured.optimizerBytes
            + plan.streamBytes + plan.remainderBytes + plan.checkpointBytes
        let pair = ways.pair(key: key)
        let result = Result(
            backbone: backbone.name, way: ways.way.rawValue, inputShape: shape,
            stepSeconds: measured.median,
            gemmShare: operations / measured.median / rate,
            gemmOperationsPerSecond: rate, modelOperations: operations,
            peakPredictedBytes: plan.peakPredictedBytes, peakCountedBytes: measured.peakCounted,
            peakResidentBytes: resident,
            weightBytes: measured.weightBytes, gradientBytes: measured.gradientBytes,
            optimizerBytes: measured.optimizerBytes, streamBytes: plan.streamBytes,
            remainderBytes: plan.remainderBytes, checkpointBytes: plan.checkpointBytes,
            transientBytes: max(0, measured.peakCounted - known), tile: tile?.tokens,
            alpha: pair?.alpha, beta: pair?.beta, blasKernel: BLAS.kernelName,
            threads: Parallel.threadCount, steps: steps, planSeconds: planSeconds,
            plans: try plans(key: key) { try planned($0, $1 ? tile ?? .standard : nil) })
        try console.result(result) { result.text }
    }

    /// The plan with the tile chosen, or with the largest that fits the budget.
    private func fitting(
        _ plan: (Tile?, AdamW.Settings) throws -> MemoryPlan
    ) throws -> MemoryPlan {
        guard let budget = memoryBudget.flatMap(ByteSize.parse) else {
            return try plan(ways.slices, optimizer)
        }
        let hasTiles = ways.trainingWay(key: RandomKey(seed: random.seed)).hasTiles
        do {
            return try MemoryPlan.fitting(budget: budget, hasTiles: hasTiles) {
                try plan($0, optimizer)
            }
        } catch let error as MemoryBudgetError {
            var savings: [MemoryBudgetError.Saving] = []
            func add(_ option: String, _ change: (inout AdamW.Settings) -> Void) throws {
                var settings = optimizer
                change(&settings)
                let bytes = error.least - (try plan(error.tile, settings).peakPredictedBytes)
                if bytes > 0 { savings.append(.init(option, bytes: bytes)) }
            }
            try add("--in-backward") { $0.updatesInBackward = true }
            try add("--moment-bits 8") { $0.moments = .blocks }
            throw InputError(error.text(savings))
        }
    }

    /// The predicted memory of every way, with the policy chosen or the default one.
    ///
    /// - Parameter plan: That of a way, in tiles or without.
    private func plans(
        key: RandomKey, _ plan: (FinetuningWay, Bool) throws -> MemoryPlan
    ) rethrows -> [PlanLine] {
        let coefficients = ways.trainingPlan(key: key)
        let all: [(String, FinetuningWay)] = [
            ("conventional", .conventional), ("checkpointed", .checkpointed), ("frozen", .frozen),
            ("dr2net", .dr2net(coefficients, .exact)),
            ("dr2net, float", .dr2net(coefficients, .float)),
        ]
        return try all.map { name, way in
            PlanLine(name, try plan(way, name != "conventional" && way != .frozen))
        }
    }

    /// The predicted parts of one way's peak.
    private struct PlanLine: Encodable {
        let way: String
        let peakPredictedBytes, weightBytes, gradientBytes, optimizerBytes: Int
        let streamBytes, remainderBytes, checkpointBytes, transientBytes: Int

        init(_ way: String, _ plan: MemoryPlan) {
            self.way = way
            peakPredictedBytes = plan.peakPredictedBytes
            weightBytes = plan.weightBytes
            gradientBytes = plan.gradientBytes
            optimizerBytes = plan.optimizerBytes
            streamBytes = plan.streamBytes
            remainderBytes = plan.remainderBytes
            checkpointBytes = plan.checkpointBytes
            transientBytes = plan.transientBytes
        }

        static let columns = [
            "predicted", "peak", "weights", "gradients", "optimizer", "streams", "remainders",
            "checkpoints", "transient",
        ]

        var cells: [String] {
            [way]
                + [
                    peakPredictedBytes, weightBytes, gradientBytes, optimizerBytes, streamBytes,
                    remainderBytes, checkpointBytes, transientBytes,
                ].map { ByteSize.text($0) }
        }
    }

    /// What is printed; names as in the command line's contract.
    private struct Result: Encodable {
        let backbone, way: String
        let inputShape: [Int]
        let stepSeconds: Double
        let gemmShare, gemmOperationsPerSecond, modelOperations: Double
        let peakPredictedBytes, peakCountedBytes, peakResidentBytes: Int
        let weightBytes, gradientBytes, optimizerBytes: Int
        let streamBytes, remainderBytes, checkpointBytes, transientBytes: Int
        let tile: Int?
        let alpha, beta: Double?
        let blasKernel: String
        let threads, steps: Int
        let planSeconds: Double
        let plans: [PlanLine]

        var text: String {
            var table = TextTable()
            let pair =
                alpha.flatMap { alpha in
                    beta.map { " at (\(NumberText.short(alpha)), \(NumberText.short($0)))" }
                } ?? ""
            let slices = tile.map { ", tiles of \($0) tokens" } ?? ""
            table.append(["network", "\(backbone), input \(inputShape)"])
            table.append(["way", way + pair + slices])
            table.append(["step", "\(NumberText.short(stepSeconds)) s, median of \(steps)"])
            let rate = NumberText.short(gemmOperationsPerSecond * 1e-9)
            table.append([
                "share of GEMM",
                "\(NumberText.decimals(gemmShare * 100, 1)) % of \(rate) GFLOP/s "
                    + "(\(blasKernel), \(threads) threads)",
            ])
            table.append(["plan", "\(NumberText.short(planSeconds)) s, walked dry"])
            let sizes = [
                ("peak predicted", peakPredictedBytes), ("peak counted", peakCountedBytes),
                ("peak resident", peakResidentBytes),
                ("weights", weightBytes), ("gradients", gradientBytes),
                ("optimizer", optimizerBytes), ("streams", streamBytes),
                ("remainders", remainderBytes), ("checkpoints", checkpointBytes),
                ("transient", transientBytes),
            ]
            for (name, count) in sizes { table.append([name, ByteSize.text(count)]) }
            var byWay = TextTable(PlanLine.columns, numbers: Set(1..<PlanLine.columns.count))
            for plan in plans { byWay.append(plan.cells) }
            return table.text + "\n\n" + byWay.text
        }
    }
}
