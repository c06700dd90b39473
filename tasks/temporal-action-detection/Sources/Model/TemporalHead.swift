// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Optimizers
package import Regions
package import Tensors

/// How much of a window of features is real.
package struct WindowLayout: Sendable, Hashable {
    /// Positions that hold features; the rest of the window is zeros.
    package var validLength: Int
    /// Where the magnified copy of a stitched window begins; nil for other windows.
    package var magnifiedStart: Int?

    /// A window of `validLength` positions.
    package init(validLength: Int, magnifiedStart: Int? = nil) {
        self.validLength = validLength
        self.magnifiedStart = magnifiedStart
    }
}

/// Turns a sequence of features into losses and into scored segments.
package protocol TemporalHead: Module {
    /// The losses of a batch.
    ///
    /// - Parameters:
    ///   - features: `[B, T, D]`.
    ///   - targets: The actions of each window.
    ///   - layouts: How much of each window is real.
    ///   - context: Where operations are recorded.
    func losses(
        features: Variable, targets: [[Item<Segment>]], layouts: [WindowLayout],
        context: Context
    ) -> StepLosses

    /// The scored segments of each window in positions, before any suppression.
    ///
    /// - Parameters:
    ///   - features: `[B, T, D]`.
    ///   - layouts: How much of each window is real.
    func detections(features: Tensor, layouts: [WindowLayout]) -> [[Item<Segment>]]
}

extension TemporalHead {
    /// Traps unless every window has its targets, all of known classes.
    func check(_ targets: [[Item<Segment>]], _ layouts: [WindowLayout], classCount: Int) {
        precondition(
            targets.count == layouts.count
                && targets.joined().allSatisfy { $0.label >= 0 && $0.label < classCount },
            "\(Self.self): targets of \(targets.count) windows for \(layouts.count), "
                + "\(classCount) classes")
    }
}
