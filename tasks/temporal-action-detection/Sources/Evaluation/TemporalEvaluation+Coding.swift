// SPDX-License-Identifier: Apache-2.0
import TextFormats

extension TemporalEvaluation: Encodable {
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
}

extension NamedKey {
    /// The key of a score at a threshold, such as "mAP@0.50".
    fileprivate static func at(_ prefix: String, _ threshold: Double) -> NamedKey {
        NamedKey("\(prefix)@\(EvaluationThresholds.name(threshold))")
    }
}
