// SPDX-License-Identifier: Apache-2.0

/// The sizes around the transformer of a ``PointNetwork``.
package struct PointNetworkSettings: Sendable, Hashable {
    /// Channels of a point's features.
    package var inputs: Int
    /// Classes.
    package var classes: Int
    /// Whether every point has a class, or the whole shape.
    package var isSegmentation = true
    /// Levels of the embedding; each keeps a quarter of the points.
    package var stages = 2
    /// Neighbours of a group.
    package var neighbours = 32
    /// Batch norm in the embedding, as published for shapes, instead of layer norm.
    package var embeddingHasBatchNorm = false
    /// Channels of each hidden layer of the head; of scenes it has one.
    package var hidden = [256]
    /// Dropout before the last layer.
    package var dropout = 0.5

    /// Sizes as Pix4Point has them for scenes.
    package init(inputs: Int, classes: Int) {
        self.inputs = inputs
        self.classes = classes
    }
}
