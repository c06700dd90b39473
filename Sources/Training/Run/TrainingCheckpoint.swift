// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Checkpoints
package import Files
package import Layers
package import Optimizers
package import Reversible
import Tensors

/// Everything that the rest of a run is a function of, after some number of steps.
///
/// The data order and every random draw are functions of the seed and the step, so these two
/// numbers stand for them.
package struct TrainingCheckpoint: Sendable {
    /// Steps done.
    package var step: Int
    /// The place in the data order: samples seen.
    package var position: Int
    /// The number of training samples, on which the data order depends.
    package var sampleCount: Int
    /// The seed of the run.
    package var seed: UInt64
    /// `ResolvedRecipe/fingerprint` of the run.
    package var recipeFingerprint: String
    /// What the outputs mean and what they were trained on; nil in files of earlier versions.
    package var data: DataIdentity?
    /// The pair (α, β) of the last step, where the network has one.
    package var coefficients: ScheduleShape.Pair?
    /// The parameters under `model.`, the optimizer's state under `optimizer.`.
    package var arrays: StateDict

    private static let format = "dr2net-checkpoint-1"

    /// A checkpoint of a run.
    package init(
        step: Int, position: Int, sampleCount: Int, seed: UInt64, recipeFingerprint: String,
        data: DataIdentity?, coefficients: ScheduleShape.Pair?, parameters: [ModuleRegistry.Entry],
        optimizer: AdamW
    ) {
        self.step = step
        self.position = position
        self.sampleCount = sampleCount
        self.seed = seed
        self.recipeFingerprint = recipeFingerprint
        self.data = data
        self.coefficients = coefficients
        arrays = StateDict()
        for entry in parameters { arrays["model." + entry.name] = entry.parameter.tensor }
        optimizer.addState(to: &arrays, prefix: "optimizer.")
    }

    /// Reads a file.
    ///
    /// - Throws: `InputError` for a damaged file, `InputError` for another kind of file.
    package init(path: String) throws {
        arrays = try Safetensors.read(path)
        let text = arrays.metadata
        guard text["format"] == TrainingCheckpoint.format else {
            throw InputError(
                "\(path): not a checkpoint of a run (format "
                    + "\(text["format"] ?? "missing"), expected \(TrainingCheckpoint.format))")
        }
        func number<Number: FixedWidthInteger>(_ key: String) throws -> Number {
            guard let value = text[key].flatMap({ Number($0) }), value >= 0 else {
                throw InputError(
                    "\(path): its \(key) is \(text[key] ?? "missing"); the file is damaged")
            }
            return value
        }
        step = try number("step")
        position = try number("position")
        sampleCount = try number("samples")
        seed = try number("seed")
        recipeFingerprint = text["recipe"] ?? ""
        data = text["data"].flatMap { DataIdentity(text: $0) }
        if let alpha = text["alpha"].flatMap(Double.init),
            let beta = text["beta"].flatMap(Double.init)
        {
            coefficients = ScheduleShape.Pair(alpha: alpha, beta: beta)
        }
    }

    /// The arrays with the numbers as metadata.
    var stateDict: StateDict {
        var state = arrays
        state.metadata = [
            "format": TrainingCheckpoint.format, "step": String(step),
            "position": String(position), "samples": String(sampleCount), "seed": String(seed),
            "recipe": recipeFingerprint,
        ]
        state.metadata["data"] = data?.text
        state.metadata["alpha"] = coefficients?.alpha.description
        state.metadata["beta"] = coefficients?.beta.description
        return state
    }

    /// The parameters as trained, under the model's own names.
    package var model: StateDict {
        let prefix = "model."
        return StateDict(
            arrays.tensors.filter { $0.name.hasPrefix(prefix) }
                .map { (name: String($0.name.dropFirst(prefix.count)), tensor: $0.tensor) })
    }

    /// The parameters to predict with: the averaged ones, where the run keeps averages.
    package var evaluatedModel: StateDict {
        StateDict(
            model.tensors.map { name, tensor in
                (name: name, tensor: arrays["optimizer.average." + name] ?? tensor)
            })
    }

    /// Puts the parameters into a model, strictly; nothing is changed on an error.
    ///
    /// - Parameters:
    ///   - evaluated: Whether to take ``evaluatedModel`` instead of ``model``.
    ///   - keeping: Names of parameters that keep their values, whatever the checkpoint has.
    /// - Throws: one line that counts missing, unexpected and misshaped names, with the first.
    package func load(
        into parameters: [ModuleRegistry.Entry], evaluated: Bool = false,
        keeping: Set<String> = []
    ) throws(InputError) {
        let model = evaluated ? evaluatedModel : model
        let parameters = parameters.filter { !keeping.contains($0.name) }
        let wanted = Set(parameters.map(\.name))
        let missing = parameters.filter { model[$0.name] == nil }.map(\.name)
        let unexpected = model.names.filter { !wanted.contains($0) && !keeping.contains($0) }
        let misshaped = parameters.compactMap { entry -> String? in
            guard let found = model[entry.name], found.shape != entry.parameter.shape else {
                return nil
            }
            return "\(entry.name) \(found.shape) instead of \(entry.parameter.shape)"
        }
        guard missing.isEmpty, unexpected.isEmpty, misshaped.isEmpty else {
            func list(_ what: String, _ names: [String]) -> String? {
                guard let first = names.first else { return nil }
                return "\(names.count) \(what) (\(first)\(names.count > 1 ? ", ..." : ""))"
            }
            let parts = [
                list("missing", missing), list("unexpected", unexpected),
                list("misshaped", misshaped),
            ].compactMap { $0 }
            throw InputError(
                "the checkpoint at step \(step) doesn't fit the model: "
                    + "\(parts.joined(separator: ", ")); it is of another recipe")
        }
        for entry in parameters {
            guard let tensor = model[entry.name] else { continue }
            entry.parameter.tensor = tensor.converted(to: entry.parameter.tensor.dtype)
        }
    }
}
