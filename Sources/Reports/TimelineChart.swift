// SPDX-License-Identifier: Apache-2.0
package import Metrics
package import Regions

/// What was found, missed and invented along time, one lane for each class of each video.
///
/// In a lane the annotated segments lie above and the detected ones below them: solid what is
/// found, empty with a dashed edge what is missed, hatched what is invented. A browser shows times
/// and scores where the pointer rests.
package struct TimelineChart: Sendable {
    /// One video.
    package struct Video: Sendable, Hashable {
        /// What stands over its lanes.
        package var name: String
        /// Seconds; the lanes' length.
        package var duration: Double
        /// The annotated segments in seconds; labels are positions of classes in the report.
        package var annotated: [JudgedItem<Segment>]
        /// The shown detections.
        package var detected: [JudgedItem<Segment>]

        /// A video with its segments.
        package init(
            name: String, duration: Double, annotated: [JudgedItem<Segment>],
            detected: [JudgedItem<Segment>]
        ) {
            self.name = name
            self.duration = duration
            self.annotated = annotated
            self.detected = detected
        }
    }

    /// The counts, which stand on top; lanes follow the order of its classes.
    package var report: OutcomeReport

    /// The videos, from top to bottom.
    package var videos: [Video]

    /// A chart of `videos`.
    package init(_ report: OutcomeReport, videos: [Video]) {
        self.report = report
        self.videos = videos
    }

    /// More videos are not drawn: nobody looks through them at a glance.
    package static let mostVideos = 12

    private static let width = 1200.0
    private static let left = 262.0
    private static let right = 24.0
    private static let lane = 40.0
    private static let barHeight = 13.0

    /// The picture: 1,200 pixels wide, as high as its lanes need.
    ///
    /// All videos have one time scale, that of the longest, so that lengths can be compared.
    /// Segments outside their video or with a label outside the classes are not drawn.
    package func svg() -> String {
        var canvas = SVGCanvas()
        canvas.defineOutcomes()
        let drawn = Array(videos.prefix(Self.mostVideos))
        var y = drawHead(on: &canvas, drawn: drawn.count)
        let longest = drawn.map(\.duration).filter { $0.isFinite && $0 > 0 }.max() ?? 1
        let scale = (Self.width - Self.left - Self.right) / longest
        for video in drawn {
            y = draw(video, on: &canvas, y: y, scale: scale, longest: longest)
        }
        if videos.isEmpty {
            canvas.text("no videos", x: 24, y: y + 10, fill: SVGCanvas.faintInk)
            y += 24
        }
        return canvas.document(width: Self.width, height: y + 4, title: report.title)
    }

    /// Title, legend and notes; gives where the first video begins.
    private func drawHead(on canvas: inout SVGCanvas, drawn: Int) -> Double {
        canvas.text(report.headline, x: 24, y: 38, size: 23, isBold: true)
        if let rule = report.rule {
            canvas.text("at \(rule)", x: 24, y: 62, size: 14, fill: SVGCanvas.faintInk)
        }
        let legend: [(outcome: Outcome, text: String)] = [
            (.found, "found: annotated and detected"),
            (.missed, "missed: annotated, not detected"),
            (.invented, "invented: detected, not annotated"),
        ]
        var x = 24.0
        for (outcome, text) in legend {
            canvas.bar(outcome, x: x, y: 79, width: 40, height: 15)
            canvas.text(text, x: x + 48, y: 91, size: 13.5)
            x += 48 + Double(text.count) * 6.6 + 34
        }
        var y = 116.0
        var notes = report.notes
        if drawn < videos.count {
            notes.append(
                "Drawn are the first \(drawn) of \(videos.count) videos in the annotations' order; "
                    + "the counts hold for all.")
        }
        for note in notes {
            canvas.text(
                SVGCanvas.shortened(note, to: 185), x: 24, y: y, size: 12,
                fill: SVGCanvas.faintInk)
            y += 17
        }
        return y + 18
    }

    /// Draws one video from `y` down; gives where the next one begins.
    private func draw(
        _ video: Video, on canvas: inout SVGCanvas, y: Double, scale: Double, longest: Double
    ) -> Double {
        let duration = video.duration.isFinite ? min(max(video.duration, 0), longest) : 0
        let lanes = report.classes.indices.filter { label in
            (video.annotated + video.detected).contains { $0.item.label == label }
        }
        canvas.text(
            SVGCanvas.shortened(video.name, to: 70), x: 24, y: y + 12, size: 15, isBold: true)
        canvas.text(
            "\(SVGCanvas.number(duration)) s · \(Self.words(video.annotated, video.detected))",
            x: Self.width - Self.right, y: y + 12, size: 13, anchor: .end)
        let top = y + 22
        let bottom = top + max(Double(lanes.count) * Self.lane, 26)
        drawAxis(on: &canvas, top: top, bottom: bottom, duration: duration, scale: scale)
        if lanes.isEmpty {
            canvas.text(
                "nothing annotated, nothing detected", x: Self.left + 8, y: top + 17, size: 12,
                fill: SVGCanvas.faintInk)
        }
        for (row, label) in lanes.enumerated() {
            let laneTop = top + Double(row) * Self.lane
            if row > 0 {
                canvas.line(
                    from: (24, laneTop), to: (Self.left + duration * scale, laneTop),
                    stroke: SVGCanvas.grid)
            }
            let annotated = video.annotated.filter { $0.item.label == label }
            let detected = video.detected.filter { $0.item.label == label }
            canvas.text(
                SVGCanvas.shortened(report.classes[label].name, to: 21), x: 24, y: laneTop + 16,
                size: 13.5, isBold: true)
            canvas.text(
                Self.words(annotated, detected), x: 24, y: laneTop + 32, size: 11.5,
                fill: SVGCanvas.faintInk)
            let rows = [("annotated", laneTop + 5), ("detected", laneTop + 22)]
            for (name, top) in rows {
                canvas.text(
                    name, x: Self.left - 8, y: top + 10.5, size: 11, fill: SVGCanvas.faintInk,
                    anchor: .end)
            }
            draw(annotated, on: &canvas, y: rows[0].1, duration: duration, scale: scale)
            draw(
                detected, on: &canvas, y: rows[1].1, duration: duration, scale: scale,
                hasScores: true)
        }
        return bottom + 48
    }

    /// The counts of a video or of one of its lanes.
    private static func words(
        _ annotated: [JudgedItem<Segment>], _ detected: [JudgedItem<Segment>]
    ) -> String {
        let found = annotated.count { $0.outcome == .found }
        let invented = detected.count { $0.outcome == .invented }
        let parts = [
            annotated.isEmpty && invented > 0 ? nil : "\(found) of \(annotated.count) found",
            invented > 0 ? "\(invented) invented" : nil,
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    /// One row of bars; short ones are drawn last, so that long ones don't hide them.
    private func draw(
        _ bars: [JudgedItem<Segment>], on canvas: inout SVGCanvas, y: Double, duration: Double,
        scale: Double, hasScores: Bool = false
    ) {
        func length(_ bar: JudgedItem<Segment>) -> Double {
            bar.item.place.end - bar.item.place.start
        }
        let ordered = bars.enumerated().sorted { a, b in
            let left = length(a.element), right = length(b.element)
            return left != right ? left > right : a.offset < b.offset
        }.map(\.element)
        for bar in ordered where isDrawn(bar.item, duration) {
            let (item, place) = (bar.item, bar.item.place)
            let from = max(place.start, 0)
            let score = hasScores ? ", score \(SVGCanvas.number(item.score))" : ""
            canvas.bar(
                bar.outcome, x: Self.left + from * scale, y: y,
                width: max((min(place.end, duration) - from) * scale, 4), height: Self.barHeight,
                title: "\(report.classes[item.label].name), \(bar.outcome.rawValue)\(score), "
                    + "\(SVGCanvas.number(place.start))–\(SVGCanvas.number(place.end)) s")
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

    private func isDrawn(_ item: Item<Segment>, _ duration: Double) -> Bool {
        let place = item.place
        return report.classes.indices.contains(item.label) && place.start.isFinite
            && place.end.isFinite && place.end >= place.start && place.end >= 0
            && place.start < duration
    }
}
