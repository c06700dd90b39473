// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import TemporalActionDetection
import Testing

@Suite("Forms of annotations") struct AnnotationSourceTests {
    /// Reads files written to a folder; every video is 10 s long, but for "short" and "gone".
    private func read(
        _ files: [String: String], path: String = "", options: AnnotationOptions = .init()
    ) throws -> ActivityNetAnnotations {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "dr2net-source-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try AnnotationSource(folder.path + path).read(options: options) { id, _ in
            id == "gone" ? nil : id == "short" ? 2 : 10
        }
    }

    /// "id subset duration: start-end label, …" a video.
    private func shown(_ annotations: ActivityNetAnnotations) -> [String] {
        annotations.videos.map { video in
            let list = video.annotations.map {
                "\($0.segment.start)-\($0.segment.end) \($0.label)"
            }
            return "\(video.id) \(video.subset ?? "-") \(video.duration ?? 0): "
                + list.joined(separator: ", ")
        }
    }

    @Test("a table names video, segment and subset in any order of columns") func table() throws {
        let table = """
            Label,video,subset,score,start,end
            "run, fast",a,training,0.5,1,2.5
            ,b,validation,,,
            jump,a,training,0.5,3,4
            jump,gone,training,1,3,4

            """
        let expected = [
            "a training 10.0: 1.0-2.5 run, fast, 3.0-4.0 jump", "b validation 10.0: ",
        ]
        #expect(try shown(read(["t.csv": table], path: "/t.csv")) == expected)
        let folder = try read([
            "training.csv": "video,start,end,label\na,1,2,x\n",
            "testing.CSV": "video,start,end,label\r\nb,1,2,y\r\n", "notes.txt": "no",
        ])
        #expect(
            shown(folder) == ["b testing 10.0: 1.0-2.0 y", "a training 10.0: 1.0-2.0 x"])
    }

    @Test(
        "tables of other tools are read",
        arguments: [
            "video_id;t-start;t-end;Class Name;Split\na;1,5;2,25;x;train\n",
            "video\tstart (s)\tend (s)\taction\tsubset\na\t00:00:01.5\t0:02.25\tx\ttrain\n",
            "\u{FEFF}\"split\",Filename,Start Time,End Time,label\r\ntrain,a,1.5,2.25,x\r\n",
        ])
    func otherTables(text: String) throws {
        for name in ["/t.csv", "/t.TSV"] {
            let found = try read([String(name.dropFirst()): text], path: name)
            #expect(shown(found) == ["a train 10.0: 1.5-2.25 x"])
        }
    }

    @Test("all faulty lines are told, with their files") func allFaults() throws {
        let header = "video,start,end,label\n"
        do {
            _ = try read(
                ["t.csv": "video,start,end,label,subset\na,1,t\n,1,2,x,t\n"], path: "/t.csv")
            Issue.record("read")
        } catch {
            let lines = "\(error)".split(separator: "\n")
            #expect(lines.count == 3 && lines[0].contains("t.csv: 2 faults"), "\(error)")
            #expect(lines[1].contains("line 2: has 3") && lines[2].contains("line 3: has no video"))
        }
        do {
            _ = try read(["one.csv": header + "a,2,1,x\n", "two.csv": header + "b,00:0x,1,x\n"])
            Issue.record("read")
        } catch {
            let lines = "\(error)".split(separator: "\n")
            #expect(lines.count == 3 && lines[0].hasPrefix("2 tables: 2 faults"), "\(error)")
            #expect(
                lines[1].contains("one.csv: line 2: ") && lines[2].contains("two.csv: line 2: "))
        }
    }

    @Test("THUMOS14's files give two subsets without ambiguous segments") func thumos() throws {
        let files = [
            "val/annotation/Diving_val.txt":
                "video_validation_0000001  1.0 2.0\nvideo_validation_0000001  3.5 4.0\n",
            "val/annotation/Ambiguous_val.txt": "video_validation_0000009 1 2\n",
            "test/annotation/CleanAndJerk_test.txt":
                "video_test_0000270 1.0 2.0\r\nvideo_test_0000004\t0.5\t9\r\n\r\n",
            "readme.md": "",
        ]
        var options = AnnotationOptions()
        options.excludedVideos = Set(THUMOS14.wrongVideos)
        let annotations = try read(files, options: options)
        #expect(
            shown(annotations) == [
                "video_test_0000004 test 10.0: 0.5-9.0 CleanAndJerk",
                "video_validation_0000001 validation 10.0: 1.0-2.0 Diving, 3.5-4.0 Diving",
            ])
        #expect(annotations.labels == ["CleanAndJerk", "Diving"])
        #expect(THUMOS14.wrongVideos == ["video_test_0000270", "video_test_0001496"])
    }

    @Test(
        "faults are refused with their place",
        arguments: [
            ("video,start,end\n", "columns video, start, end"),
            ("video,start,end,label\na,1,2,x\n", "no column subset"),
            ("video,start,end,label,subset\na,1,2,x\n", "line 2: has 4 fields"),
            ("video,start,end,label,subset\na,1,2,x,t\na,1,3,x,u\n", "line 3"),
            ("video,start,end,label,subset\n,1,2,x,t\n", "no video"),
            ("video,start,end,label,subset\na,1,x,y,t\n", "segment"),
            ("video,start,end,label,subset\na,4,3,y,t\n", "end after the start"),
            ("video,start,end,label,subset\nshort,1,3,y,t\n", "within 0 and the video's 2 s"),
            ("video,start,end,label,subset\na,1,3,,t\n", "label"),
            ("video,start,end,label,subset\n\"a", "quote"),
        ])
    func faults(text: String, expected: String) throws {
        do {
            let found = try read(["t.csv": text], path: "/t.csv")
            Issue.record("read \(shown(found))")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
            #expect(!"\(error)".contains("\n"))
        }
    }

    @Test("a folder with neither is refused, THUMOS14's lines have three fields") func folders() {
        #expect(throws: InputError.self) { try read(["a.txt": ""]) }
        #expect(throws: InputError.self) { try read(["Diving_val.txt": "v 1\n"]) }
    }
}
