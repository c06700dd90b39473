// SPDX-License-Identifier: Apache-2.0
public import Autodiff
public import Layers
public import Reversible
import Tensors

/// A pretrained network that turns images or clips into features, finetuned any way.
public protocol Backbone: Module {
    /// The registered name, such as `dinov2-small-14`.
    var name: String { get }
    /// What goes in.
    var input: InputLayout { get }
    /// Channels of the features.
    var featureWidth: Int { get }
    /// Channels of each map that ``levels(_:_:)`` gives, finest first.
    var levelWidths: [Int] { get }
    /// Tokens before those of the grid in the features (a class token).
    var leadingTokens: Int { get }
    /// How learned positions are resized; nil where there are none, and then not to be set.
    var positionRule: PositionRule? { get set }
    /// Side of the grid of learned positions; nil where there are none, and then not to be set.
    ///
    /// Positions of a new grid are random until they are loaded.
    var positionGrid: Int? { get set }

    /// Key names that checkpoints may come with; the first are the network's own.
    var families: [CheckpointFamily] { get }
    /// The sides of the attention window, `[h, w]` or `[T, h, w]`; nil for global attention.
    ///
    /// Relative biases of another window or of images are fitted to it.
    var attentionWindow: [Int]? { get }

    /// The normalised tokens of preprocessed images or clips, channels last.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, H, W]` or `[N, 3, T, H, W]`, normalised, as ``input`` accepts.
    ///   - context: The step's tape, mode and key, and how the residual stages are run.
    /// - Returns: `[N, tokens, C]`, or with the grid's axes in place of the tokens.
    /// - Throws: `ReversibleError` where a stream leaves the exact arithmetic's range.
    func features(_ images: Variable, _ context: Context) throws(ReversibleError) -> Variable

    /// The grids of tokens of every stage, finest first, for detectors at several scales.
    ///
    /// - Throws: `ReversibleError` where a stream leaves the exact arithmetic's range.
    func levels(_ images: Variable, _ context: Context) throws(ReversibleError) -> [FeatureLevel]

    /// The stages of residual branches for an input, with their tokens.
    ///
    /// - Parameter inputShape: As ``input`` accepts.
    func stagePlans(_ inputShape: [Int]) -> [StagePlan]

}

extension Backbone {
    /// Operations of matrix products in a forward pass, two a multiply-add.
    ///
    /// - Parameter inputShape: As ``input`` accepts.
    public func operations(_ inputShape: [Int]) -> Double {
        DryRun.measure {
            _ = try? features(Variable(Tensor(placeholder: inputShape)), .inference)
        }.usage.operations
    }

    /// None unless a network has a class token or registers.
    public var leadingTokens: Int { 0 }
    /// The one map that most networks give.
    public var levelWidths: [Int] { [featureWidth] }
    /// Attention sees all tokens unless a network says otherwise.
    public var attentionWindow: [Int]? { nil }
    /// No grid of positions unless the network has one.
    public var positionGrid: Int? {
        get { nil }
        set { precondition(newValue == nil, "\(name) has no learned positions") }
    }
    /// No rule of positions unless the network has one.
    public var positionRule: PositionRule? {
        get { nil }
        set { precondition(newValue == nil, "\(name) has no learned positions to resize") }
    }
}

/// One grid of tokens.
public struct FeatureLevel {
    /// `[N, H, W, C]`, or `[N, T, H, W, C]`.
    public let values: Variable
    /// Pixels of a token along each axis of the grid, frames first for clips.
    public let strides: [Int]
}

/// The shapes that a backbone takes.
public struct InputLayout: Sendable, Hashable {
    /// Whether the input is clips `[N, 3, T, H, W]` rather than images `[N, 3, H, W]`.
    public var isClip = false
    /// What height and width are multiples of, in pixels.
    public var multiple = 1
    /// What the number of frames is a multiple of.
    public var frameMultiple = 1
    /// The least height and width in pixels.
    public var minimum = 1

    /// Whether an input of this shape is taken.
    public func accepts(_ shape: [Int]) -> Bool {
        guard shape.count == (isClip ? 5 : 4), shape[0] > 0, shape[1] == 3 else { return false }
        let frames = isClip ? shape[2] : frameMultiple
        return frames > 0 && frames % frameMultiple == 0
            && shape.suffix(2).allSatisfy { $0 >= minimum && $0 > 0 && $0 % multiple == 0 }
    }

    /// The axes, such as `[N, 3, H, W]`.
    public var axes: String { isClip ? "[N, 3, T, H, W]" : "[N, 3, H, W]" }

    /// The axes and what their sizes must be.
    public var text: String {
        var rules: [String] = []
        if multiple > 1 { rules.append("H and W multiples of \(multiple)") }
        if minimum > multiple { rules.append("H and W at least \(minimum)") }
        if frameMultiple > 1 { rules.append("T a multiple of \(frameMultiple)") }
        return axes + (rules.isEmpty ? "" : " with " + rules.joined(separator: " and "))
    }
}
