// SPDX-License-Identifier: Apache-2.0
import Console
import Regions

/// Detections as SubRip subtitles: players show what goes on while the video runs.
///
/// A cue lasts as long as the same classes are on; each has a line with its largest score, the
/// surest on top. Cues follow each other and never overlap, which players treat differently.
package enum Subtitles {
    /// The file's text.
    ///
    /// - Parameters:
    ///   - minimumScore: Detections below are left out.
    ///   - lead: Seconds that players play before the first frame, from which detections count.
    package static func text(
        _ detections: [ActivityNetResults.Detection], minimumScore: Double, lead: Double = 0
    ) -> String {
        var cues: [(start: Int, end: Int, text: String)] = []
        var active: Set<Int> = []
        let changes = changes(detections, minimumScore: minimumScore, lead: lead)
        for (position, change) in changes.enumerated() {
            if change.begins {
                active.insert(change.index)
            } else {
                active.remove(change.index)
            }
            guard position + 1 < changes.count, changes[position + 1].time > change.time,
                !active.isEmpty
            else { continue }
            let text = lines(active.map { detections[$0] })
            let end = changes[position + 1].time
            if let last = cues.last, last.end == change.time, last.text == text {
                cues[cues.count - 1].end = end
            } else {
                cues.append((change.time, end, text))
            }
        }
        return cues.enumerated().map { number, cue in
            "\(number + 1)\n\(time(cue.start)) --> \(time(cue.end))\n\(cue.text)\n\n"
        }.joined()
    }

    /// Where detections begin and end in milliseconds, in order.
    private static func changes(
        _ detections: [ActivityNetResults.Detection], minimumScore: Double, lead: Double
    ) -> [(time: Int, begins: Bool, index: Int)] {
        var changes: [(time: Int, begins: Bool, index: Int)] = []
        for (index, detection) in detections.enumerated()
        where detection.score >= minimumScore && detection.segment.isValid {
            let ends = [detection.segment.start, detection.segment.end].map {
                Int((min(max($0, 0) + lead, 1e9) * 1000).rounded())
            }
            guard ends[1] > ends[0] else { continue }
            changes.append((ends[0], true, index))
            changes.append((ends[1], false, index))
        }
        return changes.sorted { a, b in
            a.time != b.time
                ? a.time < b.time : (a.index, a.begins ? 1 : 0) < (b.index, b.begins ? 1 : 0)
        }
    }

    /// A line for each class, the surest on top.
    private static func lines(_ detections: [ActivityNetResults.Detection]) -> String {
        let best = Dictionary(grouping: detections, by: \.label).mapValues { list in
            list.map(\.score).max() ?? 0
        }
        return best.sorted { a, b in
            a.value != b.value ? a.value > b.value : a.key < b.key
        }.map { label, score in
            // A line break, or a blank line, would end the cue.
            let name = String(label.map { $0.isNewline ? " " : $0 })
            return "\(name) \(NumberText.decimals(score, 2))"
        }.joined(separator: "\n")
    }

    /// "01:02:03,456".
    private static func time(_ milliseconds: Int) -> String {
        func digits(_ value: Int, _ count: Int) -> String {
            let text = "\(value)"
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let seconds = milliseconds / 1000
        return digits(seconds / 3600, 2) + ":" + digits(seconds / 60 % 60, 2) + ":"
            + digits(seconds % 60, 2) + "," + digits(milliseconds % 1000, 3)
    }
}
