// SPDX-License-Identifier: Apache-2.0
import Backbones
import Checkpoints
import Files
import Foundation
import Tensors
import Training

/// The backbone of a run of any task, taken out of the checkpoint that the run predicts with.
struct FinetunedBackbone {
    /// The network's name.
    let backbone: String
    /// The key names of the pretrained file.
    let family: CheckpointFamily
    /// Steps of the checkpoint.
    let step: Int
    /// The scores of the plain form at that step; empty where the run has none.
    let plainScores: [String: Double]
    /// The scores at the pair in force; equal to ``plainScores`` for ways without a pair.
    let scores: [String: Double]
    /// The weights under the family's names, with all of the above as metadata.
    let weights: StateDict

    /// Reads a run folder.
    ///
    /// - Parameter warn: Told about damaged newer checkpoints that were passed over.
    /// - Throws: where the folder holds no run, no checkpoint, or another network's weights.
    init(run folder: String, warn: (String) -> Void) throws {
        let path = "\(folder)/model.json"
        let description = try RunDescription.read(folder)
        guard let entry = BackboneCatalog.entry(description.backbone) else {
            throw InputError(
                "\(path): the run has the backbone \"\(description.backbone)\", expected one of "
                    + "`dr2net backbone list`; a head on precomputed features has none to export")
        }
        let family = description.family.map { CheckpointFamily(rawValue: $0) } ?? entry.families[0]
        guard let family else {
            throw InputError(
                "\(path): unknown checkpoint family \"\(description.family ?? "")\", expected one "
                    + "of " + CheckpointFamily.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let checkpoint = try description.checkpoint(of: folder, warn: warn)
        let prefix = "backbone."
        let state = try checkpoint.evaluatedModel.renamed { name in
            name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        }
        guard !state.isEmpty else {
            throw InputError(
                "\(folder): the run keeps the blocks of \(entry.name) without the rest of that "
                    + "network, expected a run whose task trains a whole backbone; use the run with "
                    + "its task's predict")
        }
        // Loading proves that every parameter is there, in its shape.
        let network = entry.make(key: RandomKey(seed: 0))
        _ = try PretrainedWeights.load(state, into: network, from: folder)
        let evaluation = try RunFolder.metrics(of: folder).last {
            $0.step == checkpoint.step && $0.evaluation != nil
        }?.evaluation
        let all = evaluation ?? [:]
        let plain = all.filter { $0.key.hasPrefix("plain.") }
        backbone = entry.name
        self.family = family
        step = checkpoint.step
        scores = all.filter { !$0.key.hasPrefix("plain.") }
        plainScores =
            plain.isEmpty
            ? scores
            : Dictionary(
                uniqueKeysWithValues: plain.map { (String($0.key.dropFirst(6)), $0.value) })
        var weights = PretrainedWeights.export(network, family: family)
        weights.metadata = [
            "format": "pt", "backbone": entry.name, "family": family.rawValue,
            "step": "\(checkpoint.step)",
        ]
        weights.metadata[PretrainedWeights.positionsKey] = description.positions
        for (name, value) in plainScores { weights.metadata["evaluation.\(name)"] = "\(value)" }
        self.weights = weights
    }
}
