// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// Activation checkpointing: one tensor a residual block, with the same tiles as `dr2net`.
extension Stage {
    func checkpointed(_ x: Variable, side: Variable?, _ context: Context) -> Variable {
        stride(from: 0, to: branches.count, by: branchesPerBlock).reduce(x) { x, first in
            let last = min(branches.count, first + branchesPerBlock)
            return block(x, side, branches[first..<last], context)
        }
    }

    private func block(
        _ x: Variable, _ side: Variable?, _ branches: ArraySlice<Branch>, _ context: Context
    ) -> Variable {
        x.tensor.keep(for: .checkpoints)
        let start = x.tensor, p = side?.tensor, needsSide = side?.needsGradient ?? false
        return .rerunning([x, side].compactMap(\.self), context) { watched, _ in
            let output = branches.reduce(start) { step($0, p, $1, watched) }
            return (
                output,
                { gradient in
                    var inputs = [start]
                    var again = context
                    again.repeats = true
                    for branch in branches.dropLast() {
                        inputs.append(step(inputs[inputs.count - 1], p, branch, again))
                    }
                    var gradient = gradient
                    var bySide: Tensor?
                    for branch in branches.reversed() {
                        let u = branch.input(inputs.removeLast(), side: p)
                        let factors = branch.pathFactors(samples: u.shape[0], context)
                        let slope = Stage.scaled(gradient, by: factors)
                        gradient.add(branch.pullback(u, gradient: slope, context).gradient)
                        guard branch.takesSide, needsSide else { continue }
                        if bySide == nil { bySide = gradient } else { bySide?.add(gradient) }
                    }
                    return [gradient] + (p == nil ? [] : [bySide])
                }
            )
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
