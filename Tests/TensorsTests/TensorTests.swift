// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("tensor")
struct TensorTests {
    @Test func valuesComeBackInRowMajorOrder() {
        let tensor = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(tensor.floats == [1, 2, 3, 4, 5, 6])
        #expect(tensor.rows(1..<2).floats == [4, 5, 6])
        #expect(tensor.reshaped(to: [3, -1]).shape == [3, 2])
        #expect(tensor.converted(to: .float64).doubles == [1, 2, 3, 4, 5, 6])
    }

    @Test("a copy is not changed by writing to the original, nor is a view")
    func copiesAreValues() {
        var a = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        let copy = a
        let view = a.rows(1..<2)
        a.scale(by: 10)
        #expect(a.floats == [10, 20, 30, 40])
        #expect(copy.floats == [1, 2, 3, 4])
        #expect(view.floats == [3, 4])
    }

    @Test("writing to a view leaves its origin alone")
    func viewsAreValues() {
        let a = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        var view = a.rows(1..<2)
        view.add(Tensor([1, 1] as [Float], shape: [1, 2]))
        #expect(view.floats == [4, 5])
        #expect(a.floats == [1, 2, 3, 4])
    }

    @Test func rowsAreJoinedAndReplaced() {
        let a = Tensor([1, 2] as [Float], shape: [1, 2])
        let b = Tensor([3, 4, 5, 6] as [Float], shape: [2, 2])
        var joined = Tensor.joiningRows([a, b])
        #expect(joined.floats == [1, 2, 3, 4, 5, 6])
        joined.replaceRows(at: 1, with: a)
        #expect(joined.floats == [1, 2, 1, 2, 5, 6])
    }

    @Test("elementwise arithmetic and reductions equal plain loops at every level")
    func arithmeticIsRight() {
        atEachLevel { _ in
            for count in [1, 7, 8, 33, 40_000] {
                let a = Tensor(normal: [count], key: RandomKey(seed: 1), dtype: .float64)
                let b = Tensor(normal: [count], key: RandomKey(seed: 2), dtype: .float64)
                let x = a.doubles, y = b.doubles
                #expect((a + b).doubles == zip(x, y).map(+))
                #expect((a * b).doubles == zip(x, y).map(*))
                let mixed = zip(x, y).map { 2 * $0 - 3 * $1 }
                #expect(
                    relativeError(
                        Tensor.axpby(2, a, -3, b), Tensor(mixed, shape: [count])) < 1e-15)
                #expect(abs(a.sum() - x.reduce(0, +)) < 1e-9)
                #expect(abs(a.dot(b) - zip(x, y).map(*).reduce(0, +)) < 1e-9)
            }
        }
    }

    @Test func columnsAreReduced() {
        let a = Tensor(normal: [700, 5], key: RandomKey(seed: 1), dtype: .float64)
        let b = Tensor(normal: [700, 5], key: RandomKey(seed: 2), dtype: .float64)
        let x = a.doubles, y = b.doubles
        var sums = [Double](repeating: 0, count: 5), dots = sums
        for index in x.indices {
            sums[index % 5] += x[index]
            dots[index % 5] += x[index] * y[index]
        }
        #expect(relativeError(a.columnSums(), Tensor(sums, shape: [5])) < 1e-13)
        #expect(relativeError(a.columnDots(b), Tensor(dots, shape: [5])) < 1e-13)
    }

    @Test("products equal plain loops for every transposition, in pieces and whole")
    func productsAreRight() {
        for (m, n, k) in [(1, 1, 1), (3, 5, 7), (450, 30, 17), (20, 500, 33), (5, 4, 0)] {
            let a = Tensor(normal: [m, k], key: RandomKey(seed: 1), dtype: .float64)
            let b = Tensor(normal: [k, n], key: RandomKey(seed: 2), dtype: .float64)
            let x = a.doubles, y = b.doubles
            var values = [Double](repeating: 0, count: m * n)
            for i in 0..<m {
                for p in 0..<k {
                    for j in 0..<n { values[i * n + j] += x[i * k + p] * y[p * n + j] }
                }
            }
            let expected = Tensor(values, shape: [m, n])
            func transposed(_ t: Tensor) -> Tensor {
                let (r, c) = (t.shape[0], t.shape[1]), v = t.doubles
                return Tensor(
                    (0..<c).flatMap { j in (0..<r).map { v[$0 * c + j] } }, shape: [c, r])
            }
            #expect(relativeError(a.matmul(b), expected) < 1e-12)
            if k > 0 {
                #expect(
                    relativeError(
                        transposed(a).matmul(b, transposingSelf: true), expected) < 1e-12)
                #expect(
                    relativeError(
                        a.matmul(transposed(b), transposingOther: true), expected) < 1e-12)
            }
        }
    }

    @Test func threadsDoNotChangeAProduct() {
        let a = Tensor(normal: [900, 120], key: RandomKey(seed: 1))
        let b = Tensor(normal: [70, 120], key: RandomKey(seed: 2))
        let products = withThreadCounts([1, 2, 3]) { a.matmul(b, transposingOther: true) }
        #expect(products[0].isIdentical(to: products[1]))
        #expect(products[0].isIdentical(to: products[2]))
    }

    @Test("a wrong product stops with the shapes in the text")
    func wrongShapesTrap() async {
        await #expect(processExitsWith: .failure) {
            _ = Tensor(zeros: [196, 768]).matmul(Tensor(zeros: [512, 768]))
        }
    }
}

@Suite("random key")
struct RandomKeyTests {
    @Test("Philox4x32-10 gives the known answers of Salmon et al.")
    func knownAnswers() {
        #expect(
            Philox.block(key: (0, 0), counter: (0, 0, 0, 0))
                == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        let ones = UInt32.max
        #expect(
            Philox.block(key: (ones, ones), counter: (ones, ones, ones, ones))
                == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    }

    @Test func childrenDifferAndRepeat() {
        let key = RandomKey(seed: 7)
        #expect(key.child("a") == RandomKey(seed: 7).child("a"))
        let all = [key, key.child("a"), key.child("b"), key.child(0), key.child(1), key.child(-1)]
        #expect(Set(all).count == all.count)
        #expect(Set(all.map { $0.uniform() }).count == all.count)
    }

    @Test func drawsHaveTheirMoments() {
        let key = RandomKey(seed: 3)
        let uniform = (0..<20_000).map { key.uniform($0) }
        let normal = (0..<20_000).map { key.normal($0) }
        func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(mean(uniform) - 0.5) < 0.01)
        #expect(abs(mean(normal)) < 0.03)
        #expect(abs(mean(normal.map { $0 * $0 }) - 1) < 0.05)
    }

    @Test func permutationsHoldEveryNumberOnce() {
        for count in [0, 1, 2, 17, 1000] {
            let order = RandomKey(seed: 5).child(count).permutation(count)
            #expect(order.sorted() == Array(0..<count))
        }
        #expect(RandomKey(seed: 1).permutation(50) != RandomKey(seed: 2).permutation(50))
    }
}
