// SPDX-License-Identifier: Apache-2.0
import TextFormats

extension TemporalEvaluation: Codable {
    /// Writes the keys that scripts read; see the type.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NamedKey.self)
        try container.encode(average, forKey: NamedKey("mAP"))
        for (threshold, value) in zip(thresholds, meanAveragePrecision) {
            try container.encode(value, forKey: .at("mAP", threshold))
        }
        try container.encode(thresholds, forKey: NamedKey("tIoU"))
        var classes = container.nestedContainer(
            keyedBy: NamedKey.self, forKey: NamedKey("perClass"))
        for row in perClass {
            var one = classes.nestedContainer(keyedBy: NamedKey.self, forKey: NamedKey(row.label))
            try one.encode(row.mean, forKey: NamedKey("AP"))
            for (threshold, value) in zip(thresholds, row.averagePrecision) {
                try one.encode(value, forKey: .at("AP", threshold))
            }
            try one.encode(row.segments, forKey: NamedKey("segments"))
            try one.encode(row.predictions, forKey: NamedKey("predictions"))
        }
        try container.encode(videos, forKey: NamedKey("videos"))
        try container.encode(segments, forKey: NamedKey("segments"))
        try container.encode(predictions, forKey: NamedKey("predictions"))
        try container.encode(unknownLabels, forKey: NamedKey("unknownLabels"))
        try container.encode(unknownLabelPredictions, forKey: NamedKey("unknownLabelPredictions"))
        try container.encode(unknownVideos, forKey: NamedKey("unknownVideos"))
        try container.encode(silentVideos, forKey: NamedKey("videosWithoutPredictions"))
        try container.encode(blockedVideos, forKey: NamedKey("blockedVideos"))
        try container.encode(zeroLengthSegments, forKey: NamedKey("zeroLengthSegments"))
        try container.encode(repeatedSegments, forKey: NamedKey("repeatedSegments"))
        try container.encode(droppedAnnotations, forKey: NamedKey("droppedAnnotations"))
        try container.encode(droppedPredictions, forKey: NamedKey("droppedPredictions"))
        try container.encode(dropped, forKey: NamedKey("dropped"))
    }

    /// Reads what ``encode(to:)`` writes.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: NamedKey.self)
        let thresholds = try container.decode([Double].self, forKey: NamedKey("tIoU"))
        let classes = try container.nestedContainer(
            keyedBy: NamedKey.self, forKey: NamedKey("perClass"))
        let perClass = try classes.allKeys.map { key in
            let one = try classes.nestedContainer(keyedBy: NamedKey.self, forKey: key)
            return ClassScore(
                label: key.stringValue,
                segments: try one.decode(Int.self, forKey: NamedKey("segments")),
                predictions: try one.decode(Int.self, forKey: NamedKey("predictions")),
                averagePrecision: try thresholds.map {
                    try one.decode(Double.self, forKey: .at("AP", $0))
                })
        }
        self.init(
            thresholds: thresholds, perClass: perClass.sorted { $0.label < $1.label },
            videos: try container.decode(Int.self, forKey: NamedKey("videos")),
            segments: try container.decode(Int.self, forKey: NamedKey("segments")),
            predictions: try container.decode(Int.self, forKey: NamedKey("predictions")),
            unknownLabels: try container.decode([String].self, forKey: NamedKey("unknownLabels")),
            unknownLabelPredictions: try container.decode(
                Int.self, forKey: NamedKey("unknownLabelPredictions")),
            unknownVideos: try container.decode([String].self, forKey: NamedKey("unknownVideos")),
            silentVideos: try container.decode(
                [String].self, forKey: NamedKey("videosWithoutPredictions")),
            blockedVideos: try container.decode(Int.self, forKey: NamedKey("blockedVideos")),
            zeroLengthSegments: try container.decode(
                Int.self, forKey: NamedKey("zeroLengthSegments")),
            repeatedSegments: try container.decode(Int.self, forKey: NamedKey("repeatedSegments")),
            droppedAnnotations: try container.decode(
                Int.self, forKey: NamedKey("droppedAnnotations")),
            droppedPredictions: try container.decode(
                Int.self, forKey: NamedKey("droppedPredictions")),
            dropped: try container.decode([String].self, forKey: NamedKey("dropped")))
    }
}

extension NamedKey {
    /// The key of a score at a threshold, such as "mAP@0.50".
    fileprivate static func at(_ prefix: String, _ threshold: Double) -> NamedKey {
        NamedKey("\(prefix)@\(EvaluationThresholds.name(threshold))")
    }
}
