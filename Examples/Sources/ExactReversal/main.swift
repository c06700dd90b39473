// SPDX-License-Identifier: Apache-2.0
// The recurrence of Dr2Net at the paper's start, (α, β) = (1, 0.1), by hand: forward through n
// branches and back. In fixed point with remainders the pair comes back bit for bit; in floating
// point it does not.
import Dr2Net

let branches = 24, shape = [8, 64], key = RandomKey(seed: 1)
let layers = (0..<branches).map { MLP(64, hidden: 128, key: key.child($0)) }
let pair = StreamCoefficients(alpha: 1, beta: 0.1)
let x = Tensor(normal: shape, key: key.child("x"))

/// F_i(x).
let f = { (index: Int, x: Tensor) in layers[index](Variable(x), .inference).tensor }

/// The largest difference of two tensors, relative to the second one's largest value.
func error(_ a: Tensor, _ b: Tensor) -> Double {
    let scale = b.doubles.map { abs($0) }.max() ?? 1
    return zip(a.doubles, b.doubles).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
}

// In fixed point: the pair (x_i, x_{i-1}) forwards, with what each rounding lost, and back.
let bits = FixedPointPair.fractionBits(for: x), triples = Array(repeating: pair, count: shape[0])
let streams = try FixedPointPair(x, fractionBits: bits)
let start = try FixedPointPair(x, fractionBits: bits)
let all = RowSelection.all(of: x)
var remainders: [StreamRemainder] = []
for index in 0..<branches {
    let output = f(index, streams.currentValues(all))
    remainders.append(try streams.advance(branch: output, coefficients: triples))
}
let end = streams.currentValues(all)
for index in (0..<branches).reversed() {
    let output = f(index, streams.previousValues(all))
    streams.reverse(branch: output, coefficients: triples, remainder: remainders[index])
}
let isExact = streams.isIdentical(to: start)

// In floating point, as the equations stand: x_i = F_i(x_{i-1}) + α x_{i-1} + β x_{i-2}.
var (now, before) = (x, x)
for index in 0..<branches {
    (now, before) = (f(index, now) + .axpby(pair.alpha, now, pair.beta, before), now)
}
for index in (0..<branches).reversed() {
    var older = now + .axpby(-1, f(index, before), -pair.alpha, before)
    older.scale(by: 1 / pair.beta)
    (now, before) = (before, older)
}

let lost = remainders.reduce(0) { $0 + $1.byteCount }
print("\(branches) branches at (1, 0.1): streams grew to \(error(end, x)) times the input")
print("fixed point: bit for bit \(isExact), \(lost) bytes of remainders")
print("floating point: relative error \(error(now, x))")
precondition(isExact && error(now, x) > 0)
