// SPDX-License-Identifier: Apache-2.0
import Console
import Reports

/// The pictures of a diagnosis.
struct DiagnosisCharts {
    private let diagnosis: TemporalDiagnosis

    init(_ diagnosis: TemporalDiagnosis) { self.diagnosis = diagnosis }

    /// Every picture with the name of its file.
    var all: [(name: String, svg: String)] {
        [("false-positives", outcomes), ("error-impact", gains)]
            + diagnosis.characteristics.flatMap { one in
                [
                    ("recall-by-\(one.kind.rawValue)", recall(one)),
                    ("sensitivity-to-\(one.kind.rawValue)", sensitivity(one)),
                ]
            } + [("classes", classes)]
    }

    private var outcomes: String {
        let kinds = PredictionOutcome.allCases
        return BarChart(
            title: "What the best predictions are",
            label: "part of the predictions; G = annotated segments of the class",
            series: kinds.map(\.name),
            bars: diagnosis.falsePositives.groups.enumerated().map { number, group in
                .init(
                    name: "\(number + 1)G", parts: kinds.map { group.share[$0] ?? 0 },
                    text: "\(group.predictions)")
            }
        ).svg()
    }

    private var gains: String {
        let gain = diagnosis.falsePositives.gain
        return BarChart(
            title: "What false positives cost",
            label: "normalised mAP gained where those of one kind are taken out",
            bars: PredictionOutcome.allCases.filter { $0 != .truePositive }.map {
                let value = gain[$0] ?? 0
                return .init(name: $0.name, value: value, text: NumberText.decimals(value, 4))
            }
        ).svg()
    }

    private func recall(_ one: TemporalDiagnosis.Characteristic) -> String {
        BarChart(
            title: "Recall by \(one.kind.name)",
            label: "part of the segments found at normalised precision above "
                + NumberText.short(diagnosis.minimumPrecision),
            bars: bars(one, \.recall)
        ).svg()
    }

    private func sensitivity(_ one: TemporalDiagnosis.Characteristic) -> String {
        BarChart(
            title: "Normalised mAP by \(one.kind.name) (all segments: "
                + NumberText.decimals(diagnosis.normalizedMAP, 3) + ")",
            label: "normalised mAP on the segments of a bucket", bars: bars(one, \.normalizedMAP)
        ).svg()
    }

    private func bars(
        _ one: TemporalDiagnosis.Characteristic, _ value: (TemporalDiagnosis.Bucket) -> Double?
    ) -> [BarChart.Bar] {
        one.buckets.map { bucket in
            let number = value(bucket)
            return BarChart.Bar(
                name: "\(bucket.name) \(bucket.range(one.kind))", value: number ?? 0,
                text: "\(number.map { NumberText.decimals($0, 3) } ?? "-")  (\(bucket.segments))")
        }
    }

    private var classes: String {
        BarChart(
            title: "Average precision by class",
            label: "AP, mean over tIoU \(EvaluationThresholds.text(diagnosis.tIoU))",
            bars: diagnosis.classes.sorted {
                $0.averagePrecision != $1.averagePrecision
                    ? $0.averagePrecision > $1.averagePrecision : $0.label < $1.label
            }.map {
                .init(
                    name: $0.label, value: $0.averagePrecision,
                    text: "\(NumberText.decimals($0.averagePrecision, 3))  (\($0.segments))")
            }
        ).svg()
    }
}

extension SegmentCharacteristic {
    /// For people.
    var name: String {
        switch self {
        case .length: "length"
        case .coverage: "coverage"
        case .instances: "segments in the video"
        }
    }
}

extension TemporalDiagnosis.Bucket {
    /// "≤ 30 s", "30–60 s", "> 180 s".
    func range(_ kind: SegmentCharacteristic) -> String {
        let unit = kind == .length ? " s" : ""
        func text(_ value: Double) -> String { NumberText.short(value) }
        switch (above, upTo) {
        case (nil, let upTo?): return "≤ \(text(upTo))\(unit)"
        case (let above?, let upTo?): return "\(text(above))–\(text(upTo))\(unit)"
        case (let above?, nil): return "> \(text(above))\(unit)"
        case (nil, nil): return "all"
        }
    }
}

extension EvaluationThresholds {
    /// "0.50" or "0.50 to 0.95" for people.
    static func text(_ thresholds: [Double]) -> String {
        let names = [thresholds.first, thresholds.last].compactMap { $0.map(name) }
        return Set(names).count == 1 ? names[0] : names.joined(separator: " to ")
    }
}
