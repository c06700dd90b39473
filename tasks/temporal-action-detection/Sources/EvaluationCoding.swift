// SPDX-License-Identifier: Apache-2.0

extension TemporalEvaluation: Codable {
    /// A key made at run time: a label, or "mAP@0.50".
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
        init(_ name: String) { self.stringValue = name }

        static func at(_ prefix: String, _ threshold: Double) -> Key {
            Key("\(prefix)@\(EvaluationThresholds.name(threshold))")
        }
    }

    /// Writes the keys that scripts read; see the type.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(average, forKey: Key("mAP"))
        for (threshold, value) in zip(thresholds, meanAveragePrecision) {
            try container.encode(value, forKey: .at("mAP", threshold))
        }
        try container.encode(thresholds, forKey: Key("tIoU"))
        var classes = container.nestedContainer(keyedBy: Key.self, forKey: Key("perClass"))
        for row in perClass {
            var one = classes.nestedContainer(keyedBy: Key.self, forKey: Key(row.label))
            try one.encode(row.mean, forKey: Key("AP"))
            for (threshold, value) in zip(thresholds, row.averagePrecision) {
                try one.encode(value, forKey: .at("AP", threshold))
            }
            try one.encode(row.segments, forKey: Key("segments"))
            try one.encode(row.predictions, forKey: Key("predictions"))
        }
        try container.encode(videos, forKey: Key("videos"))
        try container.encode(segments, forKey: Key("segments"))
        try container.encode(predictions, forKey: Key("predictions"))
        try container.encode(unknownLabels, forKey: Key("unknownLabels"))
        try container.encode(unknownLabelPredictions, forKey: Key("unknownLabelPredictions"))
        try container.encode(unknownVideos, forKey: Key("unknownVideos"))
        try container.encode(blockedVideos, forKey: Key("blockedVideos"))
        try container.encode(droppedAnnotations, forKey: Key("droppedAnnotations"))
        try container.encode(droppedPredictions, forKey: Key("droppedPredictions"))
    }

    /// Reads what ``encode(to:)`` writes.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let thresholds = try container.decode([Double].self, forKey: Key("tIoU"))
        let classes = try container.nestedContainer(keyedBy: Key.self, forKey: Key("perClass"))
        let perClass = try classes.allKeys.map { key in
            let one = try classes.nestedContainer(keyedBy: Key.self, forKey: key)
            return ClassScore(
                label: key.stringValue,
                segments: try one.decode(Int.self, forKey: Key("segments")),
                predictions: try one.decode(Int.self, forKey: Key("predictions")),
                averagePrecision: try thresholds.map {
                    try one.decode(Double.self, forKey: .at("AP", $0))
                })
        }
        self.init(
            thresholds: thresholds, perClass: perClass.sorted { $0.label < $1.label },
            videos: try container.decode(Int.self, forKey: Key("videos")),
            segments: try container.decode(Int.self, forKey: Key("segments")),
            predictions: try container.decode(Int.self, forKey: Key("predictions")),
            unknownLabels: try container.decode([String].self, forKey: Key("unknownLabels")),
            unknownLabelPredictions: try container.decode(
                Int.self, forKey: Key("unknownLabelPredictions")),
            unknownVideos: try container.decode([String].self, forKey: Key("unknownVideos")),
            blockedVideos: try container.decode(Int.self, forKey: Key("blockedVideos")),
            droppedAnnotations: try container.decode(
                Int.self, forKey: Key("droppedAnnotations")),
            droppedPredictions: try container.decode(
                Int.self, forKey: Key("droppedPredictions")))
    }
}
