// SPDX-License-Identifier: Apache-2.0
package import Files
package import Regions
import TextFormats

/// Scores of classes for whole videos, made by a classifier elsewhere: they name the segments of
/// a head that knows one class alone, as the ActivityNet protocol does it.
///
/// `{"class": [names], "results": {video: [one score a name]}}`, the form of the CUHK scores.
package struct VideoScores: Sendable {
    private let path: String
    private let results: [String: [Double]]
    /// The place among a run's labels of each name of the file; nil for one that it doesn't have.
    private let labels: [Int?]
    /// Classes that each segment gets.
    private let count: Int

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - count: The best classes that each segment gets.
    ///   - labels: The run's labels.
    /// - Throws: One line for a file of another form, or without any of the labels.
    package init(_ path: String, count: Int, labels: [String]) throws {
        self.path = path
        self.count = count
        let root = try JSONValue.read(path, expected: "class scores of videos in JSON")
        func fault(_ found: String, _ expected: String) -> InputError {
            InputError(
                "\(path): \(found); expected \(expected); give another postProcessing.videoScores")
        }
        guard case .array(let items) = root.member("class")?.kind else {
            throw fault("no list \"class\"", "the names of the classes")
        }
        guard case .object(let videos) = root.member("results")?.kind else {
            throw fault("no object \"results\"", "a list of scores for each video")
        }
        let places = Dictionary(
            labels.enumerated().map { ($0.element, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        self.labels = items.map { $0.string.flatMap { places[$0] } }
        guard self.labels.contains(where: { $0 != nil }) else {
            throw fault(
                "none of its \(items.count) classes is one of the run's",
                "names such as \(labels.prefix(2).joined(separator: ", "))")
        }
        var results: [String: [Double]] = [:]
        for (id, value) in videos {
            guard case .array(let numbers) = value.kind, numbers.count == items.count else {
                throw fault("line \(value.line): \(value.summary)", "\(items.count) scores")
            }
            let scores = numbers.compactMap(\.number).filter { $0.isFinite && $0 >= 0 }
            guard scores.count == items.count else {
                throw fault("line \(value.line): a score that is no number from 0", "scores")
            }
            results[id] = scores
        }
        self.results = results
    }

    /// Makes sure that the file has scores of every video.
    ///
    /// - Throws: One line for the first that it lacks.
    func require(_ videos: [String]) throws(InputError) {
        if let missing = videos.first(where: { results[$0] == nil }) {
            throw lacking(missing)
        }
    }

    private func lacking(_ video: String) -> InputError {
        InputError(
            "\(path): no scores of video \(video); expected some for every video that is "
                + "evaluated or predicted; add them or leave the video out")
    }

    /// Each detection once for each of the video's best classes, its score the root of both
    /// scores' product.
    ///
    /// - Throws: One line where the file has no scores of the video.
    package func named(
        _ detections: [Item<Segment>], video: String
    ) throws(InputError) -> [Item<Segment>] {
        guard let scores = results[video] else { throw lacking(video) }
        let best = scores.indices.sorted {
            scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
        }.prefix(count)
        return best.flatMap { index -> [Item<Segment>] in
            guard let label = labels[index] else { return [] }
            return detections.map {
                Item($0.place, label: label, score: ($0.score * scores[index]).squareRoot())
            }
        }.enumerated().sorted {
            Turn($0.element, $0.offset) < Turn($1.element, $1.offset)
        }.map(\.element)
    }
}
