// SPDX-License-Identifier: Apache-2.0
import Regions
import TemporalActionDetection
import Testing

@Suite("Tables and subtitles of predictions") struct PredictionFilesTests {
    private func detection(
        _ start: Double, _ end: Double, _ label: String, _ score: Double
    ) -> ActivityNetResults.Detection {
        .init(segment: Segment(start: start, end: end), label: label, score: score)
    }

    @Test("a table has the videos by name and the best detections first") func table() {
        let results = ActivityNetResults(
            version: "",
            videos: [
                .init(id: "z", detections: [detection(0.12345, 2, "run, \"fast\"", 0.25)]),
                .init(
                    id: "a",
                    detections: [detection(1, 2, "b", 0.1), detection(3, 4, "b", 1.0 / 3)]),
            ])
        #expect(
            TemporalTable.text(results) == #"""
                video,start,end,label,score
                a,3,4,b,0.333333
                a,1,2,b,0.1
                z,0.123,2,"run, ""fast""",0.25

                """#)
    }

    @Test("cues follow each other, each with the classes that are on") func cues() {
        let text = Subtitles.text(
            [
                detection(1, 4, "walk", 0.9), detection(3, 3_723.5, "jump", 0.95),
                detection(2, 3.5, "walk", 0.5), detection(0, 10, "faint", 0.29),
                detection(5, 5, "empty", 1), detection(6, 7, "a\nb", 0.3),
            ], minimumScore: 0.3)
        #expect(
            text == """
                1
                00:00:01,000 --> 00:00:03,000
                walk 0.90

                2
                00:00:03,000 --> 00:00:04,000
                jump 0.95
                walk 0.90

                3
                00:00:04,000 --> 00:00:06,000
                jump 0.95

                4
                00:00:06,000 --> 00:00:07,000
                jump 0.95
                a b 0.30

                5
                00:00:07,000 --> 01:02:03,500
                jump 0.95


                """)
        #expect(Subtitles.text([], minimumScore: 0) == "")
        let odd = [detection(.nan, 1, "x", 1), detection(-5, .infinity, "x", 1)]
        #expect(Subtitles.text(odd, minimumScore: 0) == "")
    }

    @Test("subtitles fit a player that begins with the sound") func lead() {
        let text = Subtitles.text([detection(1, 2, "a", 1)], minimumScore: 0, lead: 0.25)
        #expect(text == "1\n00:00:01,250 --> 00:00:02,250\na 1.00\n\n")
    }
}
