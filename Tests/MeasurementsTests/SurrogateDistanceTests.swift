// SPDX-License-Identifier: Apache-2.0
import Measurements
import Reversible
import Tensors
import Testing

@Suite("Distance of the surrogate") struct SurrogateDistanceTests {
    private let key = RandomKey(seed: 4)

    private func measure(_ network: Bool, gradients: Bool = false) throws
        -> [SurrogateDistance.Point]
    {
        try SurrogateDistance.measure(
            network ? TinyNetwork.make() : TinyNetwork.silent(), TinyNetwork.images,
            comparesGradients: gradients, key: key, progress: { _, _ in })
    }

    @Test("cosines are of rows, and of a row of zeros 0") func meanCosine() {
        let a = Tensor([3 as Float, 0, 0, 2, 0, 0], shape: [3, 2])
        let b = Tensor([1 as Float, 0, 1, 1, 1, 0], shape: [3, 2])
        #expect(abs(SurrogateDistance.meanCosine(a, b) - (1 + 0.5.squareRoot()) / 3) < 1e-12)
    }

    @Test("two lines of ten β and the starts of all policies") func candidates() {
        let all = SurrogateDistance.candidates(key: key)
        #expect(all.count == 22)
        #expect(all.filter { $0.line == "paper" }.count == 10)
        let starts = all.compactMap { one in one.startOf.map { "\($0) on \(one.line)" } }
        #expect(
            starts == [
                "paper on paper", "balanced on balanced", "hard on balanced",
                "momentum on momentum", "bdia on bdia",
            ])
    }

    @Test("without branches all networks are one") func silentBranches() throws {
        for point in try measure(false) {
            #expect(abs(point.cosine - 1) < 1e-6, "\(point)")
            #expect(point.gradientCosine == nil)
        }
    }

    @Test("near the pretrained pair features and gradients are near") func distances() throws {
        let points = try measure(true, gradients: true)
        let paper = points.filter { $0.line == "paper" }
        let first = try #require(paper.first), last = try #require(paper.last)
        #expect(first.alpha == 1 && first.beta == 1.0 / 256 && last.beta == 1)
        #expect(first.cosine > 0.9999 && last.cosine < first.cosine - 1e-3)
        let (near, far) = (try #require(first.gradientCosine), try #require(last.gradientCosine))
        #expect(near > 0.999 && far < near && far > -1)
        let momentum = try #require(points.first { $0.startOf == "momentum" })
        #expect(abs(momentum.alpha - 1.9) < 1e-12 && abs(momentum.branchScale - 0.1) < 1e-12)
    }
}
