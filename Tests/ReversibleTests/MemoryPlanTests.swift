// SPDX-License-Identifier: Apache-2.0
import Reversible
import Tensors
import TestSupport
import Testing

@Suite("memory plan")
struct MemoryPlanTests {
    /// 8 samples of 64 tokens of 32 channels through attention-like and MLP-like branches.
    private func network(samples: Int = 8, depth: Int = 6) -> MemoryPlan.Network {
        let branches = (0..<2 * depth).map { index in
            Branch(
                name: "\(index)", unit: index % 2 == 0 ? .sample : .token,
                footprint: { tokens in
                    BranchFootprint(
                        kept: 200, forward: 190, backward: 330,
                        scratch: { _ in (0, tokens, 2 * tokens) },
                        parameters: 4096, gradientsAtPeak: 1024)
                }
            ) { x, _ in x }
        }
        let stage = Stage(name: "toy", branches: branches, branchesPerBlock: 2)
        return MemoryPlan.Network(
            stages: [StagePlan(stage: stage, tokens: 64, width: 32)], samples: samples,
            parameters: 60_000, inputs: 1000,
            embedding: .init(kept: 0, forward: 2000, backward: 2000, output: 0, parameters: 0))
    }

    private static let dual = FinetuningWay.dr2net(
        .uniform(StreamCoefficients(alpha: 0.9375, beta: 0.0625)), .exact)

    @Test("parts are the shapes' bytes, and add up to the peak")
    func partsAddUp() {
        let elements = 8 * 64 * 32
        let dual = MemoryPlan(network(), way: Self.dual)
        #expect(dual.weightBytes == 240_000)
        #expect(dual.gradientBytes == 240_000)
        #expect(dual.optimizerBytes == 480_000)
        #expect(dual.streamBytes == 2 * 4 * elements)
        #expect(dual.remainderBytes == 12 * elements * 4 / 8)
        #expect(dual.checkpointBytes == 0)
        #expect(
            dual.peakPredictedBytes - dual.transientBytes
                == 960_000 + dual.streamBytes + dual.remainderBytes)
        let kept = MemoryPlan(network(), way: .checkpointed)
        #expect(kept.checkpointBytes == 6 * elements * 4)
        #expect(kept.streamBytes == 0 && kept.remainderBytes == 0)
        let frozen = MemoryPlan(network(), way: .frozen)
        #expect(frozen.gradientBytes == 0 && frozen.optimizerBytes == 0)
        #expect(frozen.peakPredictedBytes < kept.peakPredictedBytes)
    }

    @Test("conventional grows by every branch's tape with depth, dr2net by its remainders alone")
    func growsWithDepth() {
        func peak(_ depth: Int, _ way: FinetuningWay) -> Int {
            // The toy's parameters don't grow with it, its gradients do.
            MemoryPlan(network(samples: 32, depth: depth), way: way).peakPredictedBytes
        }
        let tokens = 32 * 64
        #expect(peak(12, .conventional) - peak(6, .conventional) == 12 * tokens * (200 + 32) * 4)
        let growth = peak(12, Self.dual) - peak(6, Self.dual)
        #expect(growth == 12 * tokens * 32 * 4 / 8)
        #expect(
            peak(12, .checkpointed) - peak(6, .checkpointed) == 6 * tokens * 32 * 4)
    }

    @Test("the tile is the largest that fits", arguments: [FinetuningWay.checkpointed, dual])
    func tileIsTheLargest(way: FinetuningWay) throws {
        let network = network()
        let whole = MemoryPlan(network, way: way)
        #expect(try MemoryPlan.tile(fitting: whole.peakPredictedBytes, network, way: way) == nil)
        var previous: Int?
        for tokens in [512, 256, 128, 64, 32, 16] {
            let peak = MemoryPlan(network, way: way, tile: Tile(tokens: tokens)).peakPredictedBytes
            guard peak < previous ?? whole.peakPredictedBytes else { continue }
            previous = peak
            let tile = try MemoryPlan.tile(fitting: peak, network, way: way)
            #expect(tile == Tile(tokens: tokens))
        }
        #expect(previous != nil)
    }

    @Test("a budget that nothing meets is refused with the least that would do")
    func leastBudgetIsSaid() throws {
        let network = network()
        for way in [FinetuningWay.conventional, .frozen, .checkpointed, Self.dual] {
            let error = #expect(throws: MemoryBudgetError.self) {
                try MemoryPlan.tile(fitting: 1000, network, way: way)
            }
            let least = try #require(error).least
            #expect(error?.description.contains("\(least)") == true)
            #expect(
                try MemoryPlan.fitting(budget: least, network, way: way).peakPredictedBytes <= least
            )
            #expect(throws: MemoryBudgetError.self) {
                try MemoryPlan.tile(fitting: least - 1, network, way: way)
            }
        }
    }
}
