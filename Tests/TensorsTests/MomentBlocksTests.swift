// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("AdamW with moments of 8 bits", .serialized) struct MomentBlocksTests {
    private let key = RandomKey(seed: 7)

    /// A parameter and its moments.
    private struct State {
        var parameter: Tensor
        var first: Tensor
        var second: Tensor

        init(_ parameter: Tensor) {
            self.parameter = parameter
            first = Tensor(zeros: MomentBlocks.shape(parameter.count))
            second = first
        }

        mutating func update(
            _ gradient: Tensor, _ number: Int, betas: (Double, Double) = (0.9, 0.999),
            rate: Double = 0.01, key: RandomKey = RandomKey(seed: 7)
        ) {
            parameter.applyAdamW(
                gradient: gradient, firstBlocks: &first, secondBlocks: &second,
                AdamWConstants(
                    update: number, rate: rate, betas: betas, epsilon: 1e-8, decay: 0.1),
                rounding: key)
        }

        /// m and v as numbers, worked out from the words here.
        var moments: (first: [Double], second: [Double]) {
            (decoded(first, base: 889, signed: true), decoded(second, base: 761, signed: false))
        }

        private func decoded(_ words: Tensor, base: UInt32, signed: Bool) -> [Double] {
            let row = MomentBlocks.size / 4 + 1, bits = words.floats.map(\.bitPattern)
            return (0..<parameter.count).map { index in
                let at = index / 256 * row, place = index % 256
                let code = bits[at + place / 4] >> (8 * UInt32(place % 4)) & 255
                let magnitude = signed ? code & 127 : code
                let sign = signed && code & 128 != 0 ? -1.0 : 1.0
                let value = magnitude == 0 ? 0 : Float(bitPattern: (magnitude + base) << 20)
                return sign * Double(value) * Double(Float(bitPattern: bits[at + 64]))
            }
        }
    }

    @Test("moments are within one code of the exact ones", arguments: [5000, 256, 4097, 3])
    func momentsAreClose(count: Int) {
        // Over six powers of ten, some of them 0.
        let gradient = Tensor(
            (0..<count).map { place -> Double in
                place % 11 == 0 ? 0 : key.normal(place) * pow(10, -6 * key.uniform(place))
            }, shape: [count], dtype: .float32)
        atEachLevel { _ in
            var state = State(Tensor(normal: [count], key: key.child("p")))
            state.update(gradient, 1)
            let (first, second) = state.moments, g = gradient.doubles
            for start in stride(from: 0, to: count, by: 256) {
                let block = start..<min(count, start + 256)
                let most = block.map { abs(g[$0]) }.max() ?? 0
                for place in block {
                    let m = 0.1 * g[place], v = 0.001 * g[place] * g[place]
                    let codeOfFirst = max(abs(m) / 8, 0.1 * most * 0x1.4p-16)
                    #expect(abs(first[place] - m) <= 1.001 * codeOfFirst)
                    let codeOfSecond = max(v / 8, 0.001 * most * most * 0x1.4p-32)
                    #expect(abs(second[place] - v) <= 1.001 * codeOfSecond)
                    #expect((second[place] > 0) == (v > 0))
                }
                #expect(block.contains { abs(first[$0]) >= 0.0999 * most })
            }
        }
    }

    @Test func theUpdateTakesMomentsBeforeTheyAreRounded() {
        let start = Tensor(normal: [3, 1400], key: key.child("p"))
        var state = State(start), full = start
        var m = Tensor(zeros: start.shape), v = m
        let gradient = Tensor(normal: start.shape, key: key.child("g"))
        state.update(gradient, 1)
        full.applyAdamW(
            gradient: gradient, firstMoment: &m, secondMoment: &v,
            AdamWConstants(update: 1, rate: 0.01, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0.1))
        #expect(relativeError(state.parameter, full) < 1e-6)
        // The second update goes on from the rounded ones.
        let (first, second) = state.moments
        let next = Tensor(normal: start.shape, key: key.child("next"))
        let before = state.parameter
        state.update(next, 2)
        let g = next.doubles
        let expected = before.doubles.enumerated().map { place, p -> Double in
            let m = 0.9 * first[place] + 0.1 * g[place]
            let v = 0.999 * second[place] + 0.001 * g[place] * g[place]
            let root = (v / (1 - 0.999 * 0.999)).squareRoot() + 1e-8
            return 0.999 * p - 0.01 * m / (1 - 0.81) / root
        }
        #expect(relativeError(state.parameter, Tensor(expected, shape: start.shape)) < 1e-6)
    }

    @Test func smallChangesAddUp() {
        // The second moment shrinks by a thousandth an update, far less than one code.
        let count = 1 << 14
        var state = State(Tensor(zeros: [count]))
        let large = Tensor(repeating: 1, shape: [count])
        // One element of each block keeps the scale where it is.
        let small = Tensor(
            (0..<count).map { $0 % 256 == 0 ? 1.0 : 0.1 }, shape: [count], dtype: .float32)
        for number in 1...700 { state.update(number < 3 ? large : small, number) }
        var exact = (first: 0.0, second: 0.0)
        for number in 1...700 {
            let g = number < 3 ? 1 : 0.1
            exact = (0.9 * exact.first + 0.1 * g, 0.999 * exact.second + 0.001 * g * g)
        }
        let (first, second) = state.moments
        func mean(_ values: [Double]) -> Double {
            let kept = values.indices.filter { $0 % 256 != 0 }
            return kept.reduce(0) { $0 + values[$1] } / Double(kept.count)
        }
        #expect(abs(mean(first) / exact.first - 1) < 0.01, "\(mean(first)), \(exact.first)")
        #expect(abs(mean(second) / exact.second - 1) < 0.02, "\(mean(second)), \(exact.second)")
    }

    @Test func bitsDoNotDependOnThreadsButOnTheKey() throws {
        func run(_ key: RandomKey) -> State {
            var state = State(Tensor(normal: [2, 100_003], key: RandomKey(seed: 4)))
            for number in 1...3 {
                state.update(
                    Tensor(normal: [2, 100_003], key: RandomKey(seed: 5).child(number)), number,
                    key: key)
            }
            return state
        }
        let results = withThreadCounts { run(key) }
        #expect(results[0].parameter.isIdentical(to: results[1].parameter))
        let words = results.map { $0.second.floats.map(\.bitPattern) }
        #expect(words[0] == words[1])
        #expect(run(RandomKey(seed: 8)).second.floats.map(\.bitPattern) != words[0])
    }
}
