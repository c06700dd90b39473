// SPDX-License-Identifier: Apache-2.0
import Metrics
import Testing

@Suite("Average precision") struct AveragePrecisionTests {
    private func area(_ hits: [Bool], positives: Int) -> Double {
        var curve = AveragePrecision()
        for hit in hits { curve.append(isTruePositive: hit) }
        return curve.value(positives: positives)
    }

    @Test func areaIsThatOfTheEnvelope() {
        // Precisions at the hits: 1/2, 2/3, 3/5; the first is lifted to 2/3 by the second.
        let value = area([false, true, true, false, true], positives: 4)
        #expect(abs(value - (2.0 / 3 + 2.0 / 3 + 3.0 / 5) / 4) < 1e-15)
    }

    @Test func nothingToFindOrNothingFoundIsZero() {
        #expect(area([], positives: 3) == 0)
        #expect(area([false, false], positives: 3) == 0)
        #expect(area([false], positives: 0) == 0)
    }
}
