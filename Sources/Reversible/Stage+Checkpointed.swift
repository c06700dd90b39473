// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// Activation checkpointing: one tensor a residual block, with the same tiles as `dr2net`.
extension Stage {
    func checkpointed(_ x: Variable, side: Variable?, _ context: Context) -> Variable {
        stride(from: 0, to: branches.count, by: branchesPerBlock).reduce(x) { x, first in
            block(
                x, side, Array(branches[first..<min(branches.count, first + branchesPerBlock)]),
                context)
        }
    }

    private func block(
        _ x: Variable, _ side: Variable?, _ branches: [Branch], _ context: Context
    ) -> Variable {
        guard let tape = context.tape else { return x }
        let input = x.needsGradient ? x : tape.input(x.tensor)
        let start = x.tensor
        start.keep(for: .checkpoints)
        let shared = side?.tensor, needsSide = side?.needsGradient ?? false
        let (watched, parts) = TrainedParts.watching(context)
        let output = branches.reduce(start) { step($0, shared, $1, watched) }
        guard x.needsGradient || needsSide || parts.first != nil else { return Variable(output) }
        return Variable.operation(output, inputs: [input] + (side.map { [$0] } ?? [])) { gradient in
            var inputs = [start]
            var again = context
            again.repeats = true
            for branch in branches.dropLast() {
                inputs.append(step(inputs[inputs.count - 1], shared, branch, again))
            }
            var gradient = gradient
            var sideGradient: Tensor?
            for branch in branches.reversed() {
                let x = branch.input(inputs.removeLast(), side: shared)
                let factors = branch.pathFactors(samples: x.shape[0], context)
                let slope = factors.map { Stage.scaled(gradient, by: $0) } ?? gradient
                gradient.add(
                    branch.pullback(x, gradient: slope, context).gradient)
                guard branch.takesSide, needsSide else { continue }
                if sideGradient == nil {
                    sideGradient = gradient
                } else {
                    sideGradient?.add(gradient)
                }
            }
            return [gradient] + (shared == nil ? [] : [sideGradient])
        }
    }

    private func step(
        _ x: Tensor, _ side: Tensor?, _ branch: Branch, _ context: Context
    ) -> Tensor {
        let u = branch.input(x, side: side)
        let f = branch.forward(u, context)
        return u + Stage.scaled(f, by: branch.pathFactors(samples: x.shape[0], context))
    }
}
