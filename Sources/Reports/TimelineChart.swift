// SPDX-License-Identifier: Apache-2.0

/// Detections over ground truth along time, one lane for each class of each video.
///
/// In a lane the annotated segments are solid bars; the detections lie below them in the same
/// colour, the more opaque the higher their score. A browser shows times and scores where the
/// pointer rests.
package struct TimelineChart: Sendable {
    /// An annotated segment.
    package struct Truth: Sendable, Hashable {
        /// Index into the chart's labels.
        package var label: Int
        /// Seconds.
        package var start: Double
        /// Seconds.
        package var end: Double

        /// A segment of class `label`.
        package init(label: Int, start: Double, end: Double) {
            self.label = label
            self.start = start
            self.end = end
        }
    }

    /// A detected segment.
    package struct Detection: Sendable, Hashable {
        /// Index into the chart's labels.
        package var label: Int
        /// Seconds.
        package var start: Double
        /// Seconds.
        package var end: Double
        /// In [0, 1]; drawn as opacity.
        package var score: Double

        /// A detection of class `label`.
        package init(label: Int, start: Double, end: Double, score: Double) {
            self.label = label
            self.start = start
            self.end = end
            self.score = score
        }
    }

    /// One video.
    package struct Video: Sendable, Hashable {
        /// What stands over its lanes.
        package var name: String
        /// Seconds; the lanes' length.
        package var duration: Double
        /// The annotated segments.
        package var truths: [Truth]
        /// The detections.
        package var detections: [Detection]

        /// A video with its segments.
        package init(name: String, duration: Double, truths: [Truth], detections: [Detection]) {
            self.name = name
            self.duration = duration
            self.truths = truths
            self.detections = detections
        }
    }

    /// What stands on top.
    package var title: String

    /// Names of the classes; lanes follow their order.
    package var labels: [String]

    /// The videos, from top to bottom.
    package var videos: [Video]

    /// Detections below this score are not drawn.
    package var minimumScore: Double

    /// A chart of `videos`.
    package init(title: String, labels: [String], videos: [Video], minimumScore: Double = 0.05) {
        self.title = title
        self.labels = labels
        self.videos = videos
        self.minimumScore = minimumScore
    }

    private static let width = 1200.0
    private static let left = 190.0
    private static let right = 24.0
    private static let lane = 27.0
    private static let barHeight = 10.0

    /// The picture: 1,200 pixels wide, as high as its lanes need.
    ///
    /// All videos have one time scale, that of the longest, so that lengths can be compared.
    /// Segments without a length or with a label outside the list are not drawn.
    package func svg() -> String {
        var canvas = SVGCanvas()
        canvas.text(
            SVGCanvas.shortened(title, to: 110), x: 24, y: 34, size: 19, isBold: true)
        drawLegend(on: &canvas, y: 58)
        let longest = videos.map(\.duration).filter { $0.isFinite && $0 > 0 }.max() ?? 1
        let scale = (Self.width - Self.left - Self.right) / longest
        var y = 92.0
        for video in videos {
            y = draw(video, on: &canvas, y: y, scale: scale, longest: longest)
        }
        if videos.isEmpty {
            canvas.text("no videos", x: 24, y: y + 10, fill: SVGCanvas.faintInk)
            y += 24
        }
        return canvas.document(width: Self.width, height: y + 4, title: title)
    }

    private func drawLegend(on canvas: inout SVGCanvas, y: Double) {
        let grey = SVGCanvas.faintInk
        canvas.rectangle(x: 24, y: y - 10, width: 34, height: 10, fill: grey, radius: 2)
        canvas.text("annotated", x: 64, y: y - 1, size: 12.5)
        for (position, opacity) in [0.25, 0.6, 1].enumerated() {
            canvas.rectangle(
                x: 152 + Double(position) * 36, y: y - 10, width: 34, height: 10, fill: grey,
                opacity: opacity, radius: 2, stroke: grey)
        }
        canvas.text(
            "detected, score from low to high (below "
                + "\(SVGCanvas.number(minimumScore)) not drawn)", x: 266, y: y - 1, size: 12.5)
    }

    /// Draws one video from `y` down; gives where the next one begins.
    private func draw(
        _ video: Video, on canvas: inout SVGCanvas, y: Double, scale: Double, longest: Double
    ) -> Double {
        let duration = video.duration.isFinite ? min(max(video.duration, 0), longest) : 0
        let truths = video.truths.filter { isDrawn($0.label, $0.start, $0.end, duration) }
        let detections = video.detections.filter {
            isDrawn($0.label, $0.start, $0.end, duration) && $0.score >= minimumScore
        }
        let lanes = labels.indices.filter { label in
            truths.contains { $0.label == label } || detections.contains { $0.label == label }
        }
        canvas.text(
            SVGCanvas.shortened(video.name, to: 60), x: 24, y: y + 12, size: 14, isBold: true)
        let summary =
            "\(Self.seconds(duration)) s · \(truths.count) annotated · \(detections.count) detected"
        canvas.text(
            summary, x: max(Self.left + duration * scale, 560), y: y + 12, size: 11.5,
            fill: SVGCanvas.faintInk, anchor: .end)
        let top = y + 22
        let bottom = top + Double(max(lanes.count, 1)) * Self.lane
        drawAxis(on: &canvas, top: top, bottom: bottom, duration: duration, scale: scale)
        if lanes.isEmpty {
            canvas.text(
                "nothing annotated, nothing detected", x: Self.left + 8, y: top + 18, size: 12,
                fill: SVGCanvas.faintInk)
        }
        for (row, label) in lanes.enumerated() {
            let laneTop = top + Double(row) * Self.lane
            if row > 0 {
                canvas.line(
                    from: (24, laneTop), to: (Self.left + duration * scale, laneTop),
                    stroke: SVGCanvas.grid)
            }
            canvas.text(
                SVGCanvas.shortened(labels[label], to: 24), x: Self.left - 10, y: laneTop + 18,
                size: 12.5, anchor: .end)
            let own = detections.filter { $0.label == label }
            draw(
                truths.filter { $0.label == label }, own, on: &canvas, y: laneTop,
                duration: duration, scale: scale)
        }
        return bottom + 40
    }

    /// The bars of one lane; the surest detection is drawn last, on top.
    private func draw(
        _ truths: [Truth], _ detections: [Detection], on canvas: inout SVGCanvas, y: Double,
        duration: Double, scale: Double
    ) {
        func place(_ start: Double, _ end: Double) -> (x: Double, width: Double) {
            let from = max(start, 0)
            return (Self.left + from * scale, max((min(end, duration) - from) * scale, 1.5))
        }
        for truth in truths {
            let (x, width) = place(truth.start, truth.end)
            canvas.rectangle(
                x: x, y: y + 3, width: width, height: Self.barHeight,
                fill: SVGCanvas.colour(truth.label), radius: 2,
                title: "\(labels[truth.label]), annotated, "
                    + "\(Self.seconds(truth.start))–\(Self.seconds(truth.end)) s")
        }
        let ordered = detections.enumerated().sorted {
            ($0.element.score, $0.offset) < ($1.element.score, $1.offset)
        }
        for (_, detection) in ordered {
            let (x, width) = place(detection.start, detection.end)
            let score = min(max(detection.score, 0), 1)
            canvas.rectangle(
                x: x, y: y + 4 + Self.barHeight, width: width, height: Self.barHeight,
                fill: SVGCanvas.colour(detection.label), opacity: score, radius: 2,
                stroke: score >= 0.5 ? SVGCanvas.colour(detection.label) : nil,
                title: "\(labels[detection.label]), score \(SVGCanvas.number(detection.score)), "
                    + "\(Self.seconds(detection.start))–\(Self.seconds(detection.end)) s")
        }
    }

    private func drawAxis(
        on canvas: inout SVGCanvas, top: Double, bottom: Double, duration: Double, scale: Double
    ) {
        let axis = ChartScale(from: 0, to: duration, count: max(Int(duration * scale / 90), 1))
        for tick in axis.ticks {
            let x = Self.left + tick * scale
            canvas.line(from: (x, top), to: (x, bottom + 4), stroke: SVGCanvas.grid)
            canvas.text(
                axis.label(tick) + (tick == axis.ticks.last ? " s" : ""), x: x, y: bottom + 17,
                size: 11, fill: SVGCanvas.faintInk, anchor: .middle)
        }
        canvas.line(
            from: (Self.left, bottom), to: (Self.left + duration * scale, bottom),
            stroke: SVGCanvas.faintInk)
    }

    private func isDrawn(_ label: Int, _ start: Double, _ end: Double, _ duration: Double) -> Bool {
        labels.indices.contains(label) && start.isFinite && end.isFinite && end > start
            && end > 0 && start < duration
    }

    /// Seconds with at most two decimals.
    private static func seconds(_ value: Double) -> String { SVGCanvas.number(value) }
}
