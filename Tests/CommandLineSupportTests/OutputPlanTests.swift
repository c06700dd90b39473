// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Foundation
import Testing

@Suite("Plans of outputs") struct OutputPlanTests {
    @Test("an output that is an input is refused, through links and other spellings too")
    func inputsStay() throws {
        let folder = try SomeFolder(["d/a.las", "other.las"])
        try folder.link("link.las", to: "d/a.las")
        try folder.link("e", to: "d")
        try FileManager.default.linkItem(atPath: folder("d/a.las"), toPath: folder("hard.las"))
        for name in ["d/a.las", "d/../d/a.las", "link.las", "hard.las", "e/a.las"] {
            var plan = OutputPlan(inputs: [folder("d/a.las")])
            let found = complaint { try plan.file(folder(name), option: "--output") }
            #expect(found.contains("is the input"), "\(name): \(found)")
            var many = OutputPlan(inputs: [folder("d/a.las")])
            #expect(
                complaint {
                    try many.folder(
                        folder("d"), option: "--draw", files: [("x", folder(name))])
                }.contains("is the input"))
        }
        var plan = OutputPlan(inputs: [folder("d/a.las")])
        try plan.file(folder("other.las"), option: "--output")
    }

    @Test("two inputs of one name are refused, and two options of one place")
    func namesDiffer() throws {
        let folder = try SomeFolder()
        var plan = OutputPlan()
        let found = complaint {
            try plan.folder(
                folder("new"), option: "--folder",
                files: [("a/1.las", folder("new/1.las")), ("b/1.las", folder("new/./1.las"))])
        }
        #expect(found.contains("a/1.las and b/1.las would both be written to"), "\(found)")
        var two = OutputPlan()
        try two.file(folder("x.json"), option: "--output")
        #expect(
            complaint { try two.file(folder("x.json"), option: "--csv") }.contains(
                "by --output and by --csv"))
    }

    @Test("places that can't be written are found before the work")
    func places() throws {
        let folder = try SomeFolder(["file"])
        func fault(_ path: String, _ endings: [String] = []) -> String {
            var plan = OutputPlan()
            return complaint { try plan.file(path, option: "--output", endings: endings) }
        }
        #expect(fault(folder("none/x.json")).contains("there is no folder"))
        #expect(fault(folder.path).contains("is a folder"))
        #expect(fault(folder("x.jpg"), ["las", "ply"]).contains("expected .las or .ply"))
        #expect(fault(folder("x.LAS"), ["las", "ply"]) == "no error")
        #expect(fault("/dev/null", ["json"]) == "no error")
        #expect(fault("/proc/x.json").contains("can't be written to") || getuid() == 0)
        var plan = OutputPlan()
        #expect(
            complaint { try plan.folder(folder("file/x"), option: "--draw", files: []) }.contains(
                "is a file"))
    }

    @Test("folders are made when everything else is known to fit")
    func foldersAreMade() throws {
        let folder = try SomeFolder()
        var plan = OutputPlan()
        try plan.folder(folder("a/b"), option: "--draw", files: [("x", folder("a/b/x.png"))])
        #expect(!FileManager.default.fileExists(atPath: folder("a")))
        try plan.makeFolders()
        #expect(FileManager.default.fileExists(atPath: folder("a/b")))
    }
}
