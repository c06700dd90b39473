// SPDX-License-Identifier: Apache-2.0

/// Which parameters decay: matrices and filters do; what shifts, scales or marks doesn't.
package enum WeightDecayRule {
    /// Last parts of names that never decay, whatever their rank: tokens, positions, LayerScale.
    static let exemptNames: Set<String> = [
        "bias", "cls_token", "class_token", "dist_token", "mask_token", "register_tokens",
        "pos_embed", "position_embeddings", "pos_embedding", "absolute_pos_embed",
        "relative_position_bias_table", "gamma", "gamma_1", "gamma_2", "lambda1",
    ]

    /// Whether weight decay applies to a parameter.
    ///
    /// Not to vectors and scalars (biases, norms, LayerScale: at most one axis longer than 1),
    /// nor to the names in the list.
    package static func applies(to name: String, shape: [Int]) -> Bool {
        let last = name.split(separator: ".").last.map(String.init) ?? name
        if exemptNames.contains(last) { return false }
        return shape.filter { $0 > 1 }.count > 1
    }
}
