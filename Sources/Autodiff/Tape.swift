// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// The record of one forward pass: an arena of nodes by index, walked backwards once.
public final class Tape {
    /// The gradients of a node's inputs, in order; nil where an input needs none.
    package typealias Backward = (_ gradient: consuming Tensor) -> [Tensor?]

    private struct Node {
        /// Indices of the inputs on this tape; nil for a constant.
        var inputs: [Int?]
        var backward: Backward?
        /// Where a leaf's gradient goes.
        var parameter: Parameter?
        var gradient: Tensor?
        var keepsGradient = false
    }

    private var nodes: [Node] = []
    private var leaves: [ObjectIdentifier: Int] = [:]
    private let observer: (any GradientObserver)?
    private let isRepeated: Bool

    /// An empty tape.
    public convenience init() { self.init(for: Context()) }

    /// An empty tape for a context's passes: its observer is told about leaves.
    ///
    /// - Parameter context: Where it repeats an earlier pass, that one has announced the uses.
    public init(for context: Context) {
        observer = context.observer
        isRepeated = context.repeats
    }

    /// A leaf whose gradient is kept and can be asked for after the backward pass.
    public func input(_ tensor: Tensor) -> Variable {
        nodes.append(Node(inputs: [], keepsGradient: true))
        return Variable(tensor, tape: self, node: nodes.count - 1)
    }

    /// The leaf of a parameter; its gradient accumulates into `Parameter.gradient`.
    package func leaf(_ parameter: Parameter) -> Variable {
        guard parameter.isTrainable else { return Variable(parameter.tensor) }
        let id = ObjectIdentifier(parameter)
        if let node = leaves[id] { return Variable(parameter.tensor, tape: self, node: node) }
        nodes.append(Node(inputs: [], parameter: parameter))
        leaves[id] = nodes.count - 1
        if !isRepeated { observer?.willUse(parameter) }
        return Variable(parameter.tensor, tape: self, node: nodes.count - 1)
    }

    /// Appends the result of an operation.
    fileprivate func append(_ tensor: Tensor, inputs: [Variable], _ backward: @escaping Backward)
        -> Variable
    {
        nodes.append(
            Node(inputs: inputs.map { $0.tape == nil ? nil : $0.node }, backward: backward))
        return Variable(tensor, tape: self, node: nodes.count - 1)
    }

    /// Walks the tape backwards from `output` and clears it.
    ///
    /// What an operation saved is freed as soon as the walk has passed it.
    ///
    /// - Parameters:
    ///   - output: A variable of this tape.
    ///   - gradient: The gradient of the loss by `output`, of its shape; ones where absent.
    public func backward(from output: Variable, gradient: consuming Tensor? = nil) {
        guard output.tape === self, let last = output.node else { return }
        let shape = output.shape, dtype = output.tensor.dtype
        // Moved, not copied: held by nobody, it is freed or written in place on the way.
        nodes[last].gradient = gradient.take() ?? Tensor(repeating: 1, shape: shape, dtype: dtype)
        let seed = nodes[last].gradient?.shape ?? []
        precondition(seed == shape, "backward: a gradient of shape \(seed) for \(shape)")
        for index in stride(from: nodes.count - 1, through: 0, by: -1) {
            let backward = nodes[index].backward
            nodes[index].backward = nil
            defer { if let parameter = nodes[index].parameter { observer?.didFinish(parameter) } }
            guard nodes[index].gradient != nil, !nodes[index].keepsGradient || backward != nil
            else { continue }
            guard let gradient = nodes[index].gradient.take() else { continue }
            if let parameter = nodes[index].parameter {
                parameter.accumulate(gradient)
            } else if let backward {
                let inputs = nodes[index].inputs
                pass(backward(consume gradient), to: inputs)
            }
        }
        leaves = [:]
    }

    private func pass(_ gradients: consuming [Tensor?], to inputs: [Int?]) {
        precondition(
            gradients.count == inputs.count, "a backward gave the wrong number of gradients")
        for (position, input) in inputs.enumerated() {
            guard let input, let gradient = gradients[position] else { continue }
            gradients[position] = nil
            if nodes[input].gradient == nil {
                nodes[input].gradient = gradient
            } else {
                nodes[input].gradient?.add(gradient)
            }
        }
    }

    /// The gradient of a leaf made by ``input(_:)``, after the backward pass.
    public func gradient(of variable: Variable) -> Tensor? {
        guard variable.tape === self, let node = variable.node else { return nil }
        return nodes[node].gradient
    }
}

/// A tensor and its place on a tape; without a tape, a constant.
public struct Variable {
    /// The values.
    public let tensor: Tensor
    /// The tape, nil for a constant.
    public let tape: Tape?
    let node: Int?

    /// A constant.
    public init(_ tensor: Tensor) {
        self.tensor = tensor
        tape = nil
        node = nil
    }

    init(_ tensor: Tensor, tape: Tape, node: Int) {
        self.tensor = tensor
        self.tape = tape
        self.node = node
    }

    /// The size of each axis.
    public var shape: [Int] { tensor.shape }
    /// Whether a backward pass gives this variable a gradient.
    public var needsGradient: Bool { tape != nil }
    /// The values as a constant.
    public var detached: Variable { Variable(tensor) }

    /// The result of an operation: on the inputs' tape where there is one.
    ///
    /// `backward` returns one gradient an input, nil for those that need none, and must capture
    /// only the tensors it uses. It isn't called, nor kept, where no input is on a tape.
    package static func operation(
        _ result: Tensor, inputs: [Variable], backward: @escaping Tape.Backward
    ) -> Variable {
        var tape: Tape?
        for input in inputs {
            guard let own = input.tape else { continue }
            precondition(tape == nil || tape === own, "an operation mixes two tapes")
            tape = own
        }
        return tape?.append(result, inputs: inputs, backward) ?? Variable(result)
    }
}
