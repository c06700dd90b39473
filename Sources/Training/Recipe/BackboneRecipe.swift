// SPDX-License-Identifier: Apache-2.0
package import Backbones
import Checkpoints
package import Files
package import Recipes
package import Tensors

/// The recipe's `backbone` section: which network, from which weights.
package struct BackboneRecipe: Sendable {
    /// A name of `BackboneCatalog`.
    package var name: String
    /// The checkpoint, nil for random weights.
    package var weights: String?
    /// Differences between checkpoint and network that are no error.
    package var tolerance: KeyTolerance
    /// Drop path of the last branch.
    package var dropPathRate: Double
    /// Dropout of attention weights.
    package var attentionDropoutRate: Double
    /// The network's entry in the catalogue.
    package let entry: BackboneCatalog.Entry

    /// Reads `name`, `weights`, `allowMissing`, `allowUnexpected`, `dropPath` and `attentionDropout`.
    ///
    /// - Parameter section: The reader of the section `backbone`.
    package init(_ section: RecipeReader, default fallback: String) throws(InputError) {
        name = try section.choice(
            "name", default: fallback, among: BackboneCatalog.entries.map(\.name))
        guard let entry = BackboneCatalog.entry(name) else {
            throw section.error("name", "is \(name), which is no backbone")
        }
        self.entry = entry
        weights = try section.optionalPath("weights")
        tolerance = KeyTolerance(
            missing: try section.value("allowMissing", default: []),
            unexpected: try section.value("allowUnexpected", default: []))
        dropPathRate = try section.value("dropPath", default: 0.0, in: 0...0.9)
        attentionDropoutRate = try section.value("attentionDropout", default: 0.0, in: 0...0.9)
        guard attentionDropoutRate == 0 || entry.takesAttentionDropout else {
            throw section.error(
                "attentionDropout",
                "is \(attentionDropoutRate), but \(name) has none; expected 0, or a vision "
                    + "transformer as backbone.name")
        }
    }

    /// The network with its pretrained weights.
    ///
    /// - Parameters:
    ///   - key: Where random weights are drawn from.
    ///   - loadsWeights: False where a checkpoint of a run follows.
    package func load(key: RandomKey, loadsWeights: Bool = true) throws -> PretrainedBackbone {
        let backbone = entry.make(
            key: key, dropPathRate: dropPathRate,
            attentionDropoutRate: attentionDropoutRate)
        guard loadsWeights, let weights else {
            return PretrainedBackbone(backbone)
        }
        let loaded = try PretrainedWeights.load(
            try CheckpointFile.read(weights), into: backbone, from: weights, allowing: tolerance)
        if backbone.positionRule != nil { backbone.positionRule = loaded.positionRule }
        return PretrainedBackbone(
            backbone: backbone, family: loaded.family,
            notes: [loaded.summary] + loaded.notes + loaded.warnings.map { "warning: \($0)" })
    }
}

/// A network and where its weights come from.
package struct PretrainedBackbone {
    /// The network.
    package let backbone: any Backbone
    /// Names of the pretrained file's tensors; nil for random weights.
    package let family: CheckpointFamily?
    /// What the user should know about the pretrained weights, a line each.
    package let notes: [String]

    init(backbone: any Backbone, family: CheckpointFamily?, notes: [String]) {
        self.backbone = backbone
        self.family = family
        self.notes = notes
    }

    /// A network whose weights come from no file.
    package init(_ backbone: any Backbone) { self.init(backbone: backbone, family: nil, notes: []) }
}
