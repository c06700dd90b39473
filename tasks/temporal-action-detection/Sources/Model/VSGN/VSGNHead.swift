// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Optimizers
package import Regions
package import Tensors

/// The video self-stitching graph network (Zhao, Thabet, Ghanem, ICCV 2021): graph pyramid, shared
/// anchor heads, boundary adjustment, boundary scores, with the details of a ``VSGNForm``.
package final class VSGNHead: TemporalHead {
    /// Sizes and thresholds.
    package let configuration: VSGNConfiguration
    let anchors: Anchors
    let coder: SegmentCoder
    let boundary: BoundaryAdjustment
    private let pyramid: GraphPyramid
    private let anchorHead: AnchorHead
    private let supplementary: [(name: String, branch: ScoreBranch)]
    /// The moving means of matched anchors a batch, where the form has them.
    ///
    /// They are saved with the weights and never trained.
    private let normalizers: [AnchorLoss: LossNormalizer]

    /// The losses over matched anchors.
    enum AnchorLoss: String, CaseIterable {
        case classification, regression, boundary
    }

    /// A head with Xavier-uniform weights and zero biases.
    package init(_ configuration: VSGNConfiguration, key: RandomKey) {
        configuration.check()
        self.configuration = configuration
        anchors = Anchors(
            baseStride: configuration.baseStride, levels: configuration.levels,
            scales: configuration.anchorScales, lengthOffset: configuration.lengthOffset)
        coder = SegmentCoder(lengthOffset: configuration.lengthOffset)
        pyramid = GraphPyramid(configuration, key: key.child("xGPN"))
        anchorHead = AnchorHead(configuration, key: key.child("head_dec"))
        boundary = BoundaryAdjustment(configuration, key: key.child("bd_refine"))
        supplementary = ["head_actionness", "head_startness", "head_endness"].map {
            ($0, ScoreBranch(channels: configuration.channels, padding: 1, key: key.child($0)))
        }
        normalizers = Dictionary(
            uniqueKeysWithValues: configuration.form.initialNormalizer.map { start in
                AnchorLoss.allCases.map { ($0, LossNormalizer(start)) }
            } ?? [])
    }

    /// What a loss over `positives` matched anchors is divided by; training moves the means.
    func divisor(_ loss: AnchorLoss, positives: Int, _ context: Context) -> Double {
        normalizers[loss]?.divisor(positives: positives, context) ?? Double(max(1, positives))
    }

    /// What one forward pass gives.
    package struct Output {
        /// `[B, A, K]`.
        package let logits: Variable
        /// `[B * A, 2]`, regressed from the anchors.
        package let segments: Variable
        /// The finest level, `[B, T / base stride, C]`.
        let finest: Variable
        /// Action, start and end logits: `[B, T, 1]` each where the form resamples features, else
        /// as long as the finest level.
        let curveLogits: [Variable]
        /// Action, start and end probabilities, `[B, T, 1]` each.
        package let curves: [Variable]
        /// One window's anchors.
        let anchors: [Segment]
    }

    /// Zeros behind the sequence until its length suits every level.
    private func padded(_ features: Variable) -> Variable {
        let (batch, length, width) = (features.shape[0], features.shape[1], features.shape[2])
        let largest = configuration.largestStride
        let missing = (largest - length % largest) % largest
        guard missing > 0 else { return features }
        let zeros = Variable(
            Tensor(zeros: [batch, missing, width], dtype: features.tensor.dtype))
        return .concatenated([features, zeros], axis: 1)
    }

    /// Logits, regressed segments and curves.
    package func forward(
        _ features: Variable, layouts: [WindowLayout], _ context: Context
    ) -> Output {
        precondition(
            features.tensor.rank == 3 && features.shape[2] == configuration.inputWidth
                && features.shape[0] == layouts.count && features.shape[1] > 0,
            "VSGN: features \(features.shape), width \(configuration.inputWidth), "
                + "\(layouts.count) layouts")
        precondition(
            layouts.allSatisfy { $0.validLength > 0 && $0.validLength <= features.shape[1] },
            "VSGN: valid lengths \(layouts.map(\.validLength)) of \(features.shape[1])")
        let whole = padded(features)
        let length = whole.shape[1]
        let levels = pyramid(whole, layouts: layouts, context)
        let (logits, codes) = anchorHead(levels, context)
        let segments = anchors.segments(length: length)
        let resamples = configuration.form.resamplesFeatures
        let read = resamples ? levels[0].interpolated(to: length, .linearAligned) : levels[0]
        let curveLogits = supplementary.map { $0.branch(read, context) }
        return Output(
            logits: logits,
            segments: coder.decode(codes.reshaped(to: [-1, 2]), anchors: segments),
            finest: levels[0], curveLogits: curveLogits,
            curves: curveLogits.map {
                resamples ? $0.sigmoid() : $0.sigmoid().interpolated(to: length, .linearAligned)
            }, anchors: segments)
    }

    /// Whether an anchor counts in its window: its centre lies in the real part, or padding counts.
    func isValid(_ anchor: Segment, _ layout: WindowLayout) -> Bool {
        configuration.form.countsPadding || anchor.centre < Double(layout.validLength)
    }

    /// The positions of a window that count.
    func countedLength(_ layout: WindowLayout, of length: Int) -> Int {
        configuration.form.countsPadding ? length : layout.validLength
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.child("xGPN", pyramid)
        registry.child("head_dec", anchorHead)
        registry.child("bd_refine", boundary)
        for (name, branch) in supplementary { registry.child(name, branch) }
        for loss in AnchorLoss.allCases {
            if let normalizer = normalizers[loss] {
                registry.parameter("loss_normalizer.\(loss.rawValue)", normalizer.mean)
            }
        }
    }

    /// The losses of a batch of windows.
    package func losses(
        features: Variable, targets: [[Item<Segment>]], layouts: [WindowLayout],
        context: Context
    ) -> StepLosses {
        check(targets, layouts, classCount: configuration.classCount)
        let output = forward(features, layouts: layouts, context)
        return VSGNLosses(head: self, output: output, targets: targets, layouts: layouts)
            .sum(context)
    }

    /// The scored segments of each window, before any suppression.
    package func detections(features: Tensor, layouts: [WindowLayout]) -> [[Item<Segment>]] {
        let context = Context.inference
        let output = forward(Variable(features), layouts: layouts, context)
        let perWindow = output.anchors.count
        let windows = layouts.indices.flatMap { [Int](repeating: $0, count: perWindow) }
        let adjusted = boundary(
            output.segments, windows: windows, finest: output.finest, context
        ).tensor.doubles
        let probabilities =
            configuration.classification == .softmax
            ? output.logits.tensor.classProbabilities() : output.logits.tensor.sigmoid()
        let scores = probabilities.doubles, count = configuration.logitCount
        let firstClass = count - configuration.classCount
        let starts = output.curves[1].tensor.doubles, ends = output.curves[2].tensor.doubles
        let length = output.curves[0].shape[1]
        return layouts.enumerated().map { window, layout in
            var found: [Item<Segment>] = []
            let limit =
                Double(countedLength(layout, of: features.shape[1])) - configuration.lengthOffset
            func mean(_ curve: [Double], _ at: Double) -> Double {
                let low = min(Int(at.rounded(.down)), length - 1)
                let high = min(Int(at.rounded(.up)), length - 1)
                return (curve[window * length + low] + curve[window * length + high]) / 2
            }
            for (index, anchor) in output.anchors.enumerated() where isValid(anchor, layout) {
                let row = window * perWindow + index
                let segment = Segment(start: adjusted[2 * row], end: adjusted[2 * row + 1])
                    .clipped(to: limit)
                guard segment.isValid else { continue }
                let bounds = mean(starts, segment.start) * mean(ends, segment.end)
                for label in 0..<configuration.classCount {
                    let score = scores[row * count + firstClass + label]
                    guard score > configuration.scoreThreshold else { continue }
                    found.append(
                        Item(segment, label: label, score: score * bounds))
                }
            }
            return found
        }
    }
}
