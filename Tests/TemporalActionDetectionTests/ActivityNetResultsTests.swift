// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import TemporalActionDetection
import Testing

@Suite("ActivityNet results") struct ActivityNetResultsTests {
    private func detection(
        _ start: Double, _ end: Double, _ score: Double, label: String = "a"
    ) -> ActivityNetResults.Detection {
        ActivityNetResults.Detection(
            segment: Segment(start: start, end: end), label: label, score: score)
    }

    @Test func textIsStableAndReadsBack() throws {
        let detections = [
            detection(1.00049, 2, 0.123456789), detection(0, 12.3456, 0.9, label: "b \"c\"\u{1}"),
            detection(0, 0.1, 1.23456789e-5),
        ]
        let results = ActivityNetResults(
            version: "1.3",
            videos: [
                .init(id: "w", detections: []), .init(id: "v", detections: detections),
            ], externalData: "DINOv2")
        let text = try results.encoded()
        #expect(
            text == """
                {
                "version": "1.3",
                "results": {
                "v": [
                 {"segment": [0, 12.346], "label": "b \\"c\\"\\u0001", "score": 0.9},
                 {"segment": [1, 2], "label": "a", "score": 0.123457},
                 {"segment": [0, 0.1], "label": "a", "score": 1.23457e-05}
                ],
                "w": []
                },
                "external_data": {"used": true, "details": "DINOv2"}
                }

                """)
        let again = try ActivityNetResults.parse(text, file: "p.json")
        #expect(again.count == 3 && again.externalData == "DINOv2" && again.version == "1.3")
        #expect(again.videos[0].detections[0].label == "b \"c\"\u{1}")
        #expect(try again.encoded() == text)
        var shuffled = results
        shuffled.videos.reverse()
        shuffled.videos[0].detections.reverse()
        #expect(try shuffled.encoded() == text)
    }

    @Test func foundationReadsWhatIsWritten() throws {
        let results = ActivityNetResults(
            version: "x/\u{7f}é", videos: [.init(id: "v\t", detections: [detection(0, 1, 1)])])
        let object = try JSONSerialization.jsonObject(with: Data(results.encoded().utf8))
        let root = try #require(object as? [String: Any])
        #expect(root["version"] as? String == "x/\u{7f}é")
        #expect((root["results"] as? [String: Any])?.keys.first == "v\t")
    }

    @Test func impossibleNumbersAreNotWritten() {
        for bad in [detection(.nan, 1, 1), detection(0, .infinity, 1), detection(0, 1, .nan)] {
            let results = ActivityNetResults(
                version: "", videos: [.init(id: "v", detections: [bad])])
            #expect(throws: InputError.self) { try results.encoded() }
        }
        let twice = ActivityNetResults(
            version: "", videos: [.init(id: "v", detections: []), .init(id: "v", detections: [])])
        #expect(throws: InputError.self) { try twice.encoded() }
    }

    @Test func faultyPredictionsStopReadingOrAreDropped() throws {
        let faults = [
            (#"{"segment": [2, 1], "label": "a", "score": 1}"#, "expected start <= end"),
            (#"{"segment": ["nan", 1], "label": "a", "score": 1}"#, "finite"),
            (#"{"segment": [0, 1], "label": 3, "score": 1}"#, "found label 3"),
            (#"{"segment": [0, 1], "label": "a"}"#, "found no score"),
            (#"{"segment": [0, 1], "label": "a", "score": "inf"}"#, "expected a finite number"),
            ("null", "found no segment"),
        ]
        for (entry, part) in faults {
            let text = "{\"results\": {\"v\": [\n\(entry)]}}"
            do throws(InputError) {
                _ = try ActivityNetResults.parse(text, file: "p.json")
                Issue.record("\(entry) was read")
            } catch {
                #expect(error.description.contains(part), "\(error)")
                #expect(error.description.hasPrefix("p.json: line 2: \"v\": prediction 0: "))
            }
            let read = try ActivityNetResults.parse(text, file: "p.json", keepGoing: true)
            #expect(read.count == 0 && read.dropped.count == 1)
        }
        #expect(throws: InputError.self) {
            try ActivityNetResults.parse(#"{"database": {}}"#, file: "p.json")
        }
        #expect(throws: InputError.self) {
            try ActivityNetResults.parse(#"{"results": {"v": 3}}"#, file: "p.json")
        }
    }

    @Test func writingIsAllOrNothing() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("p.json").path
        let results = ActivityNetResults(
            version: "1", videos: [.init(id: "v", detections: [detection(0, 1, 0.5)])])
        try results.write(to: path)
        #expect(try ActivityNetResults.read(path) == results)
        #expect(throws: InputError.self) {
            try results.write(to: folder.path + "/missing/p.json")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["p.json"])
    }
}
