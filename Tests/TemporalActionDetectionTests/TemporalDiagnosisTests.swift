// SPDX-License-Identifier: Apache-2.0
import Foundation
import TemporalActionDetection
import Testing

@Suite("Diagnosis of detections") struct TemporalDiagnosisTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/TemporalAnalysis").path

    /// What `diagnosis.py` found by brute force.
    private struct Expected: Decodable {
        struct Group: Decodable {
            let predictions: Int
            let share: [String: Double]
        }
        struct FalsePositives: Decodable {
            let groups: [Group]
            let all: Group
            let normalizedMAP: Double
            let gain: [String: Double]
        }
        struct Bucket: Decodable {
            let name: String
            let segments: Int
            let recall, normalizedMAP: Double?
        }
        struct Characteristic: Decodable {
            let kind: String
            let buckets: [Bucket]
        }
        struct ClassRow: Decodable {
            let label: String
            let normalizedAP, recall: Double
            let outcomes: [String: Double]
        }
        struct Diagnosis: Decodable {
            let normalizedMAP, segmentsPerClass, recall: Double
            let falsePositives: FalsePositives
            let characteristics: [Characteristic]
            let classes: [ClassRow]
        }
        let scheme: String
        let tIoU: [String]
        let diagnosis: Diagnosis
    }

    private static func diagnose(
        scheme: BucketScheme, thresholds: [Double]
    ) throws -> TemporalDiagnosis {
        var options = DiagnosisOptions()
        options.buckets = scheme
        return try TemporalDiagnosis.diagnose(
            groundTruth: folder + "/truth.json", predictions: folder + "/predictions.json",
            evaluation: EvaluationOptions(thresholds: thresholds), options: options
        ).diagnosis
    }

    private func expectClose(
        _ ours: Double?, _ expected: Double?, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let isClose =
            switch (ours, expected) {
            case (let a?, let b?): abs(a - b) <= 1e-12
            case (nil, nil): true
            default: false
            }
        #expect(
            isClose, "\(what): \(String(describing: ours)), not \(String(describing: expected))",
            sourceLocation: sourceLocation)
    }

    private func expectClose(
        _ ours: [PredictionOutcome: Double], _ expected: [String: Double], _ what: String
    ) {
        #expect(Set(ours.keys.map(\.rawValue)) == Set(expected.keys), "\(what)")
        for (outcome, value) in ours {
            expectClose(value, expected[outcome.rawValue], "\(what) \(outcome.rawValue)")
        }
    }

    @Test("every number is that of the brute force, which agrees with the authors' code")
    func numbersAreThoseOfTheBruteForce() throws {
        let cases = try JSONDecoder().decode(
            [Expected].self,
            from: Data(contentsOf: URL(fileURLWithPath: Self.folder + "/expected.json")))
        #expect(cases.count == 2)
        for one in cases {
            let ours = try Self.diagnose(
                scheme: #require(BucketScheme(rawValue: one.scheme)),
                thresholds: one.tIoU.compactMap(Double.init))
            let expected = one.diagnosis
            expectClose(ours.normalizedMAP, expected.normalizedMAP, "mAP_N")
            expectClose(ours.segmentsPerClass, expected.segmentsPerClass, "segments")
            expectClose(ours.recall, expected.recall, "recall")
            let profile = ours.falsePositives
            expectClose(profile.normalizedMAP, expected.falsePositives.normalizedMAP, "best")
            expectClose(profile.gain, expected.falsePositives.gain, "gain")
            #expect(profile.groups.count == expected.falsePositives.groups.count)
            for (group, theirs) in zip(
                profile.groups + [profile.all],
                expected.falsePositives.groups + [expected.falsePositives.all])
            {
                #expect(group.predictions == theirs.predictions)
                expectClose(group.share, theirs.share, "share")
            }
            #expect(
                ours.characteristics.map(\.kind.rawValue) == expected.characteristics.map(\.kind))
            for (kind, theirs) in zip(ours.characteristics, expected.characteristics) {
                #expect(kind.buckets.map(\.name) == theirs.buckets.map(\.name))
                #expect(kind.buckets.map(\.segments) == theirs.buckets.map(\.segments))
                for (bucket, their) in zip(kind.buckets, theirs.buckets) {
                    let what = "\(theirs.kind) \(their.name)"
                    expectClose(bucket.recall, their.recall, "recall \(what)")
                    expectClose(bucket.normalizedMAP, their.normalizedMAP, "mAP_N \(what)")
                }
            }
            #expect(ours.classes.map(\.label) == expected.classes.map(\.label))
            for (row, theirs) in zip(ours.classes, expected.classes) {
                expectClose(row.normalizedAP, theirs.normalizedAP, row.label)
                expectClose(row.recall, theirs.recall, "recall \(row.label)")
                expectClose(row.outcomes, theirs.outcomes, row.label)
            }
        }
    }

    @Test("mAP is the evaluation's, and mistaken classes add up to wrong labels and confusions")
    func partsFitTogether() throws {
        let ours = try Self.diagnose(scheme: .quantiles, thresholds: [0.5, 0.7])
        let evaluation = try TemporalEvaluation.evaluate(
            groundTruth: Self.folder + "/truth.json",
            predictions: Self.folder + "/predictions.json",
            options: EvaluationOptions(thresholds: [0.5, 0.7]))
        #expect(ours.mAP == evaluation.average)
        #expect(ours.classes.map(\.averagePrecision) == evaluation.perClass.map(\.mean))
        let confused = ours.classes.reduce(0) {
            $0 + ($1.outcomes[.wrongLabel] ?? 0) + ($1.outcomes[.confusion] ?? 0)
        }
        #expect(abs(ours.mistakenClasses.reduce(0) { $0 + $1.count } - confused) < 1e-9)
        // Quantiles share the segments out evenly.
        let lengths = try #require(ours.characteristics.first { $0.kind == .length }).buckets
        #expect(lengths.count == 5)
        let sizes = lengths.map(\.segments)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1, "\(sizes)")
    }

    @Test("one prediction of each kind") func oneOfEachKind() throws {
        let truth = #"""
            {"database": {"v": {"duration": 100, "annotations": [
             {"segment": [0, 10], "label": "a"}, {"segment": [20, 30], "label": "a"},
             {"segment": [40, 50], "label": "b"}, {"segment": [60, 61], "label": "b"}]},
             "w": {"annotations": []}}}
            """#
        let predictions = #"""
            {"results": {"v": [
             {"segment": [0, 10], "label": "a", "score": 0.9},
             {"segment": [1, 10], "label": "a", "score": 0.8},
             {"segment": [40, 50], "label": "a", "score": 0.7},
             {"segment": [26, 36], "label": "a", "score": 0.6},
             {"segment": [46, 56], "label": "a", "score": 0.5},
             {"segment": [80, 90], "label": "a", "score": 0.4}],
             "w": [{"segment": [0, 10], "label": "b", "score": 0.3}],
             "x": [{"segment": [0, 10], "label": "b", "score": 0.2}]}}
            """#
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "dr2net-diagnosis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(truth.utf8).write(to: folder.appending(path: "t.json"))
        try Data(predictions.utf8).write(to: folder.appending(path: "p.json"))
        let ours = try TemporalDiagnosis.diagnose(
            groundTruth: folder.path + "/t.json", predictions: folder.path + "/p.json",
            evaluation: EvaluationOptions(thresholds: [0.5])
        ).diagnosis
        #expect(
            ours.classes[0].outcomes == [
                .truePositive: 1, .doubleDetection: 1, .wrongLabel: 1, .localization: 1,
                .confusion: 1, .background: 1,
            ])
        #expect(ours.classes[1].outcomes[.background] == 2)
        #expect(ours.falsePositives.all.predictions == 8)
        #expect(ours.recall == 0.25)
        let mistaken = ours.mistakenClasses.map { "\($0.predicted) \($0.annotated) \($0.count)" }
        #expect(mistaken == ["a b 2.0"])
        // The video without a length has no segment, so coverage is known.
        #expect(ours.characteristics.map(\.kind) == [.length, .coverage, .instances])
    }
}
