// SPDX-License-Identifier: Apache-2.0
public import Autodiff

/// How the stages of a step run: said once, where the step begins, and read by every stage.
extension Context {
    /// The way of the residual stages; `conventional` where nobody says otherwise.
    public var way: FinetuningWay { self[Running.self].way }

    /// Slices of `checkpointed` and `dr2net`; nil runs whole branches.
    public var tile: Tile? { self[Running.self].tile }

    /// The same context with the stages run one way.
    ///
    /// - Parameter tile: Slices of `checkpointed` and `dr2net`; nil runs whole branches.
    public func running(_ way: FinetuningWay, tile: Tile? = nil) -> Context {
        var context = self
        context[Running.self] = Running(way: way, tile: tile)
        return context
    }
}

private struct Running: ContextKey {
    static let defaultValue = Running(way: .conventional, tile: nil)

    let way: FinetuningWay
    let tile: Tile?
}
