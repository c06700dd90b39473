// SPDX-License-Identifier: Apache-2.0
import Files
import Regions
import TemporalActionDetection
import Testing

@Suite("ActivityNet annotations") struct ActivityNetAnnotationsTests {
    private func file(_ annotations: String, video: String = #""duration": 10"#) -> String {
        #"{"version": "1", "database": {"v": {\#(video), "annotations": [\#(annotations)]}}}"#
    }

    private func entry(_ segment: String, label: String = "a") -> String {
        #"{"segment": \#(segment), "label": "\#(label)"}"#
    }

    private func message(
        _ text: String, _ options: AnnotationOptions = AnnotationOptions()
    ) -> String {
        do throws(InputError) {
            _ = try ActivityNetAnnotations.parse(text, file: "a.json", options: options)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func partsOfAFilmAreRead() throws {
        let text = """
            {"version": "big-buck-bunny 1.0",
             "taxonomy": [{"nodeId": 0, "nodeName": "Root"}, {"nodeId": 1, "nodeName": "z"},
                          {"nodeId": 2, "nodeName": "a"}],
             "database": {
              "bbb_02": {"subset": "validation", "source": "bbb.mp4", "start": 47.708,
               "end": 79.958, "start_frame": 1145, "end_frame": 1919, "duration": 32.25,
               "fps": 24.0, "resolution": "1280x720", "annotations": [
                {"segment": [0.5, 1.0], "label": "b"}, {"segment": [2, 32.25], "label": "z"}]},
              "bbb_01": {"subset": "training", "duration": 47.708, "annotations": [
                {"segment": [20.375, 20.917], "label": "a"}]}}}
            """
        let read = try ActivityNetAnnotations.parse(text, file: "a.json")
        #expect(read.version == "big-buck-bunny 1.0")
        #expect(read.issues.isEmpty)
        #expect(read.videos.map(\.id) == ["bbb_02", "bbb_01"])
        #expect(read.labels == ["z", "a", "b"])
        #expect(read.subsets == ["validation", "training"])
        let part = read.videos[0]
        #expect(part.source == "bbb.mp4" && part.start == 47.708 && part.end == 79.958)
        #expect(part.startFrame == 1145 && part.endFrame == 1919)
        #expect(part.fps == 24 && part.resolution == "1280x720" && part.duration == 32.25)
        #expect(part.annotations[1].segment == Segment(start: 2, end: 32.25))
        #expect(part.annotations[1].index == 1)
        var options = AnnotationOptions()
        options.subset = "training"
        let training = try ActivityNetAnnotations.parse(text, file: "a.json", options: options)
        #expect(training.videos.map(\.id) == ["bbb_01"])
        options.subset = "test"
        #expect(
            message(text, options)
                == "a.json: no video is in subset \"test\"; expected one of: \"training\", "
                + "\"validation\"")
    }

    @Test func timesMayBeStrings() throws {
        let read = try ActivityNetAnnotations.parse(
            file(entry(#"["1.5", " 2.5"]"#), video: #""duration": "10.0""#), file: "a.json")
        #expect(read.videos[0].annotations.map(\.segment) == [Segment(start: 1.5, end: 2.5)])
        #expect(read.videos[0].duration == 10)
    }

    /// Entries with a fault: the JSON, the kind, and what the line must say.
    static let faults: [(String, AnnotationIssue.Kind, String)] = [
        (#"{"segment": [5, 4], "label": "a"}"#, .reversed, "found segment [5, 4]"),
        (#"{"segment": [5, 5], "label": "a"}"#, .empty, "found segment [5, 5]"),
        (#"{"segment": ["nan", 5], "label": "a"}"#, .notFinite, "expected finite times"),
        (#"{"segment": ["-inf", 5], "label": "a"}"#, .notFinite, "expected finite times"),
        (#"{"segment": [11, 12], "label": "a"}"#, .beyondEnd, "within 0 and the video's 10 s"),
        (#"{"segment": [-3, -2], "label": "a"}"#, .beforeStart, "found segment [-3, -2]"),
        (#"{"segment": [1, 2], "label": "?"}"#, .unknownLabel, "one of the 2 known labels"),
        (#"{"segment": [1, 2]}"#, .wrongType, "found no label"),
        (#"{"segment": [1, 2], "label": 5}"#, .wrongType, "found label 5"),
        (#"{"segment": [1], "label": "a"}"#, .wrongType, "expected [start, end]"),
        (#"{"segment": "1-2", "label": "a"}"#, .wrongType, "found segment the text \"1-2\""),
        (#"{"segment": [true, 2], "label": "a"}"#, .wrongType, "found segment [true, 2]"),
        (#"{"label": "a"}"#, .wrongType, "found no segment"),
        ("7", .wrongType, "found no label"),
        (#"{"segment": [1.0004, 3], "label": "b"}"#, .duplicate, "of annotation 0 again"),
    ]

    @Test func everyFaultStopsReadingOrIsDroppedAndCounted() throws {
        for (entry, kind, part) in Self.faults {
            let good = #"{"segment": [1, 3], "label": "b"}"#
            var options = AnnotationOptions()
            options.labels = ["a", "b"]
            let found = message(file("\(good), \(entry)"), options)
            #expect(
                found.hasPrefix("a.json: line 1: \"v\": annotation 1: found "), "\(entry): \(found)"
            )
            #expect(found.contains(part) && found.contains("; rejected"), "\(entry): \(found)")
            options.keepGoing = true
            let read = try ActivityNetAnnotations.parse(
                file("\(good), \(entry)"), file: "a.json", options: options)
            #expect(read.videos[0].annotations.count == 1, "\(entry)")
            #expect(read.issueCounts == [kind: 1], "\(entry)")
            #expect(read.issues[0].action == .dropped && read.issues[0].index == 1)
        }
    }

    @Test func faultsOfAVideoDropTheVideo() throws {
        let faults: [(String, AnnotationIssue.Kind)] = [
            (#""fps": 24"#, .missingDuration), (#""duration": 0"#, .badDuration),
            (#""duration": "NaN""#, .badDuration), (#""duration": [1]"#, .badDuration),
            (#""duration": 10, "start": 5"#, .badPart),
            (#""duration": 10, "start": 5, "end": 4"#, .badPart),
            (#""duration": 10, "start": 5, "end": 25"#, .badPart),
            (#""duration": 10, "fps": "fast""#, .wrongType),
            (#""duration": 10, "start_frame": 1.5"#, .wrongType),
            (#""duration": 10, "start_frame": 1e300"#, .wrongType),
            (#""duration": 10, "subset": 3"#, .wrongType),
        ]
        var options = AnnotationOptions()
        options.keepGoing = true
        for (fields, kind) in faults {
            let text = file(entry("[1, 2]"), video: fields)
            #expect(message(text).hasPrefix("a.json: line 1: \"v\": video: found "), "\(fields)")
            let read = try ActivityNetAnnotations.parse(text, file: "a.json", options: options)
            #expect(read.videos.isEmpty && read.issueCounts == [kind: 1], "\(fields)")
        }
        for database in [#"{"v": 3}"#, #"{"v": {"duration": 1, "annotations": {}}}"#] {
            #expect(message(#"{"database": \#(database)}"#).contains("expected"))
        }
    }

    @Test func smallOverrunsAreCutAndTold() throws {
        let read = try ActivityNetAnnotations.parse(
            file("\(entry("[8, 10.4]")), \(entry("[-0.3, 2]"))"), file: "a.json")
        #expect(
            read.videos[0].annotations.map(\.segment)
                == [Segment(start: 8, end: 10), Segment(start: 0, end: 2)])
        #expect(read.issues.map(\.action) == [.clipped, .clipped])
        #expect(read.issues.map(\.kind) == [.beyondEnd, .beforeStart])
        #expect(message(file(entry("[8, 10.6]"))).contains("rejected"))
        var options = AnnotationOptions()
        options.keepGoing = true
        let kept = try ActivityNetAnnotations.parse(
            file(entry("[8, 99]")), file: "a.json", options: options)
        #expect(kept.videos[0].annotations.map(\.segment) == [Segment(start: 8, end: 10)])
    }

    @Test func evaluationLeavesSegmentsAsTheyAre() throws {
        let read = try ActivityNetAnnotations.parse(
            file(entry("[8, 10.4]")), file: "a.json", options: .evaluation)
        #expect(read.videos[0].annotations.map(\.segment) == [Segment(start: 8, end: 10.4)])
        let bare = try ActivityNetAnnotations.parse(
            file(entry("[8, 1000]"), video: #""subset": "test""#), file: "a.json",
            options: .evaluation)
        #expect(bare.videos[0].duration == nil && bare.videos[0].annotations.count == 1)
    }

    @Test func videosWithoutAnnotationsAreMentioned() throws {
        let read = try ActivityNetAnnotations.parse(
            #"{"database": {"v": {"duration": 1}, "w": {"duration": 1, "annotations": []}}}"#,
            file: "a.json")
        #expect(read.videos.count == 2)
        #expect(read.issues.map(\.kind) == [.noAnnotations, .noAnnotations])
        #expect(read.issueCounts.isEmpty)
    }

    @Test func faultsAreListedWithTheirLines() {
        let two = message(file([entry("[5, 4]"), entry("[7, 6]")].joined(separator: ",\n")))
        #expect(
            two == """
                a.json: 2 faults; correct the file, or keep going without the faulty entries:
                  a.json: line 1: "v": annotation 0: found segment [5, 4]; expected the end after \
                the start; rejected
                  a.json: line 2: "v": annotation 1: found segment [7, 6]; expected the end after \
                the start; rejected
                """)
        let many = message(
            file(Array(repeating: entry("[5, 4]"), count: 30).joined(separator: ",\n")))
        let lines = many.split(separator: "\n")
        #expect(lines.count == 22 && lines[0].contains("30 faults") && lines[21] == "  and 10 more")
        #expect(lines[20].contains("line 20: "))
    }

    @Test(arguments: [
        (#""duration": 10, "annotation": []"#, "annotations"),
        (#""durations": 10, "annotations": []"#, "duration"),
        (#""duration": 10, "Subset": "x", "annotations": []"#, "subset"),
    ])
    func aMistypedNameIsNamed(fields: String, expected: String) {
        let found = message("{\"database\": {\"v\": {\(fields)}}}")
        #expect(found.contains("; expected \"\(expected)\""), "\(found)")
    }
}
