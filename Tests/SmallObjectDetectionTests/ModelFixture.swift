// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Foundation
import Layers
import SmallObjectDetection
import Tensors
import TestSupport
import Testing

/// A tiny network of `Tests/Fixtures/Detection`, as PyTorch ran it.
struct ModelFixture {
    private let state: StateDict

    init(_ name: String) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Detection/\(name).safetensors").path
        state = try Safetensors.read(path)
    }

    func tensor(_ name: String) throws -> Tensor {
        try #require(state[name], "\(name) is missing").converted(to: .float64)
    }

    /// Sets every parameter; all weights of the file must be used.
    func load(into entries: [ModuleRegistry.Entry]) throws {
        for entry in entries {
            let weight = try tensor("weight.\(entry.name)")
            #expect(weight.shape == entry.parameter.shape, "\(entry.name)")
            entry.parameter.tensor = weight
        }
        let names = state.names.filter { $0.hasPrefix("weight.") }
        #expect(Set(names) == Set(entries.map { "weight.\($0.name)" }))
    }

    /// Compares outputs, then all gradients of Σ mean(output²).
    func check(
        inputs: [Variable], outputs: [(name: String, value: Variable)],
        entries: [ModuleRegistry.Entry], tape: Tape
    ) throws {
        var total = Variable(Tensor(zeros: [1], dtype: .float64))
        for (name, value) in outputs {
            let error = relativeError(value.tensor, try tensor("output.\(name)"))
            #expect(error < 1e-12, "\(name)")
            total = total + (value * value).mean()
        }
        tape.backward(from: total)
        for (index, input) in inputs.enumerated() {
            let gradient = try #require(tape.gradient(of: input))
            #expect(
                relativeError(gradient, try tensor("gradient.input.\(index)")) < 1e-11, "\(index)")
        }
        for entry in entries {
            let gradient = try #require(entry.parameter.gradient, "\(entry.name)")
            let expected = try tensor("gradient.\(entry.name)")
            #expect(relativeError(gradient, expected) < 1e-10, "\(entry.name)")
        }
    }
}

/// Adam with the usual constants.
final class ModelAdam {
    private var moments: [(Tensor, Tensor)]
    private var powers = (1.0, 1.0)
    private let parameters: [Parameter]

    init(_ parameters: [Parameter]) {
        self.parameters = parameters
        moments = parameters.map { (Tensor(zeros: $0.shape), Tensor(zeros: $0.shape)) }
    }

    func update(rate: Double) {
        powers = (powers.0 * 0.9, powers.1 * 0.999)
        for (index, parameter) in parameters.enumerated() {
            guard let gradient = parameter.gradient else { continue }
            let m = Tensor.axpby(0.9, moments[index].0, 0.1, gradient)
            let v = Tensor.axpby(0.999, moments[index].1, 0.001, gradient * gradient)
            moments[index] = (m, v)
            let change = zip(m.doubles, v.doubles).map {
                rate * ($0 / (1 - powers.0)) / (($1 / (1 - powers.1)).squareRoot() + 1e-8)
            }
            parameter.tensor.add(
                Tensor(change, shape: parameter.shape, dtype: .float32), scaledBy: -1)
            parameter.gradient = nil
        }
    }
}
