// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// Activation checkpointing: one tensor a residual block, with the same tiles as `dr2net`.
extension Stage {
    func checkpointed(_ x: Variable, tile: Tile?, _ context: Context) -> Variable {
        stride(from: 0, to: branches.count, by: branchesPerBlock).reduce(x) { x, first in
            block(
                x, Array(branches[first..<min(branches.count, first + branchesPerBlock)]), tile,
                context)
        }
    }

    private func block(_ x: Variable, _ branches: [Branch], _ tile: Tile?, _ context: Context)
        -> Variable
    {
        guard let tape = context.tape else { return x }
        let input = x.needsGradient ? x : tape.input(x.tensor)
        let start = x.tensor
        let output = branches.reduce(start) { step($0, $1, tile, context) }
        return Variable.operation(output, inputs: [input]) { gradient in
            var inputs = [start]
            for branch in branches.dropLast() {
                inputs.append(step(inputs[inputs.count - 1], branch, tile, context))
            }
            var gradient = gradient
            for branch in branches.reversed() {
                let x = inputs.removeLast()
                let factors = branch.pathFactors(samples: x.shape[0], context)
                let slope = factors.map { Stage.scaled(gradient, by: $0) } ?? gradient
                gradient.add(
                    branch.pullback(x, gradient: slope, tile: tile, context).gradient)
            }
            return [gradient]
        }
    }

    private func step(_ x: Tensor, _ branch: Branch, _ tile: Tile?, _ context: Context)
        -> Tensor
    {
        let f = branch.forward(x, tile: tile, context)
        return x + Stage.scaled(f, by: branch.pathFactors(samples: x.shape[0], context))
    }
}
