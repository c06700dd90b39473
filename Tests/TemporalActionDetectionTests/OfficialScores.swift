// SPDX-License-Identifier: Apache-2.0
import Regions
import TemporalActionDetection

/// ActivityNet's published mathematics written out plainly: arrays of numbers, 0 / 0 as it comes.
///
/// Slow, and on purpose nothing of the evaluator's: the tests compare the two.
enum OfficialScores {
    struct Row {
        var video: String
        var label: String
        var start: Double
        var end: Double
        var score = 0.0
    }

    static func rows(_ annotations: ActivityNetAnnotations) -> [Row] {
        annotations.videos.flatMap { video in
            video.annotations.map {
                Row(
                    video: video.id, label: $0.label, start: $0.segment.start, end: $0.segment.end)
            }
        }
    }

    static func rows(_ results: ActivityNetResults) -> [Row] {
        results.videos.flatMap { video in
            video.detections.map {
                Row(
                    video: video.id, label: $0.label, start: $0.segment.start, end: $0.segment.end,
                    score: $0.score)
            }
        }
    }

    private static func overlap(_ a: Row, _ b: Row) -> Double {
        let shared = max(0, min(a.end, b.end) - max(a.start, b.start))
        return shared / ((a.end - a.start) + (b.end - b.start) - shared)
    }

    /// mAP over classes of the truth and thresholds.
    ///
    /// Scores must differ.
    static func meanAveragePrecision(
        _ truth: [Row], _ guesses: [Row], thresholds: [Double]
    ) -> Double {
        let labels = Set(truth.map(\.label))
        var sum = 0.0
        for label in labels {
            let own = truth.filter { $0.label == label }
            let ranked = guesses.filter { $0.label == label }.sorted { $0.score > $1.score }
            for threshold in thresholds {
                var isTaken = [Bool](repeating: false, count: own.count)
                var precision = [0.0], recall = [0.0]
                var hits = 0
                for (place, guess) in ranked.enumerated() {
                    // NaN sorts above every number, and is not below the threshold.
                    let candidates = own.indices.filter { own[$0].video == guess.video }
                        .map { ($0, overlap(guess, own[$0])) }
                        .sorted { a, b in a.1.isNaN ? !b.1.isNaN : a.1 > b.1 }
                    for (candidate, value) in candidates {
                        if value < threshold { break }
                        if isTaken[candidate] { continue }
                        isTaken[candidate] = true
                        hits += 1
                        break
                    }
                    precision.append(Double(hits) / Double(place + 1))
                    recall.append(Double(hits) / Double(own.count))
                }
                precision.append(0)
                recall.append(1)
                for place in precision.indices.dropLast().reversed() {
                    precision[place] = max(precision[place], precision[place + 1])
                }
                for place in recall.indices.dropFirst() where recall[place] != recall[place - 1] {
                    sum += (recall[place] - recall[place - 1]) * precision[place]
                }
            }
        }
        return sum / Double(labels.count * thresholds.count)
    }

    /// Average recall at an average of 1 to 100 proposals a video, and the area.
    ///
    /// Scores must differ.
    static func averageRecall(
        _ truth: [Row], _ guesses: [Row], thresholds: [Double]
    ) -> (recall: [Double], area: Double) {
        let videos = Set(truth.map(\.video)).sorted()
        let ratio = 100.0 * Double(videos.count) / Double(guesses.count)
        // For each video a matrix [segment][proposal]; one column of nothing without proposals.
        var matrices: [[[Double]]] = []
        var total = 0
        for video in videos {
            let own = truth.filter { $0.video == video }
            let ranked = guesses.filter { $0.video == video }.sorted { $0.score > $1.score }
            guard !ranked.isEmpty else {
                matrices.append(own.map { _ in [0] })
                continue
            }
            let count = min(Int(Double(ranked.count) * ratio), ranked.count)
            total += count
            matrices.append(own.map { row in ranked.prefix(count).map { overlap($0, row) } })
        }
        let factor = 100.0 * Double(videos.count) / Double(total)
        var curve: [Double] = [], numbers: [Double] = []
        for step in 1...100 {
            let share = Double(step) / 100.0 * factor
            numbers.append(share * (Double(total) / Double(videos.count)))
            var recalls: [Double] = []
            for threshold in thresholds {
                var matches = 0
                for matrix in matrices {
                    let columns = matrix[0].count
                    let kept = min(Int(Double(columns) * share), columns)
                    matches +=
                        matrix.filter { row in
                            row.prefix(kept).contains { $0 >= threshold }
                        }.count
                }
                recalls.append(Double(matches) / Double(truth.count))
            }
            curve.append(recalls.reduce(0, +) / Double(recalls.count))
        }
        var area = 0.0
        for place in 1..<100 {
            area += (curve[place] + curve[place - 1]) / 2 * (numbers[place] - numbers[place - 1])
        }
        return (curve, area / numbers[99])
    }
}
