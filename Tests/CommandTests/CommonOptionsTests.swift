// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// One contract for all tasks: a common option means the same in every command, or the command
/// refuses it and says why.
///
/// Above 5 s: some 90 runs of the program.
@Suite("Common options", .serialized) struct CommonOptionsTests {
    private let place: TaskWorkplace

    init() throws { place = try TaskWorkplace.shared.get() }

    /// What a call gave, with nothing of its folder's name.
    private struct Answer: Equatable {
        let code: Int32
        let output, complaint: String
        /// The bytes of what it wrote, by path.
        let files: [String: Data]

        var complaintLines: Int { complaint.split(separator: "\n").count }
        var json: Any? { try? JSONSerialization.jsonObject(with: Data(output.utf8)) }
    }

    private func call(
        _ one: TaskCommandCase, _ arguments: (TaskWorkplace) -> [String], _ options: [String]
    ) throws -> Answer {
        let folder = try TemporaryFolder()
        let arguments = arguments(place).map {
            $0.replacingOccurrences(of: "OUT", with: folder.path)
        }
        let run = try CommandRun(one.command + arguments + options)
        let places = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String]
        var files: [String: Data] = [:]
        for name in places ?? [] {
            let last = (name as NSString).lastPathComponent
            // Locks say who made them.
            guard !last.hasPrefix("."), one.unmeasured?.contains(where: last.hasPrefix) ?? true
            else { continue }
            files[name] = FileManager.default.contents(atPath: folder.path(name))
        }
        return Answer(
            code: run.code, output: run.output.replacingOccurrences(of: folder.path, with: "OUT"),
            complaint: run.complaint, files: files)
    }

    @Test("--json is one value and all there is, --quiet is silent, --threads changes no bit")
    func jsonQuietAndThreads() throws {
        for one in TaskCommandCase.all {
            let name = one.testDescription
            let json = try call(one, one.arguments, ["--json", "--quiet", "--threads", "1"])
            #expect(json.code == 0 && json.complaint == "", "\(name): \(json.complaint)")
            #expect(json.json != nil, "\(name): \(json.output)")
            let text = try call(one, one.arguments, ["--quiet", "--threads", "2"])
            #expect(text.code == 0 && text.complaint == "", "\(name): \(text.complaint)")
            #expect(text.output.hasSuffix("\n") && text.json == nil, "\(name): \(text.output)")
            #expect(text.files == json.files, "\(name)")
            if json.files.isEmpty {
                let other = try call(one, one.arguments, ["--json", "--quiet", "--threads", "2"])
                #expect(other.output == json.output, "\(name)")
            }
        }
    }

    /// Checks that a call is refused before anything is read.
    private func expectRefused(
        _ one: TaskCommandCase, _ options: [String], because reason: String
    ) throws {
        let answer = try call(one, one.arguments, options + ["--json"])
        let text = "\(one.testDescription) \(options): \(answer.complaint)"
        #expect(answer.code == 64 && answer.output == "" && answer.files.isEmpty, "\(text)")
        #expect(
            answer.complaint.contains("\(options[0])") && answer.complaint.contains(reason),
            "\(text)")
    }

    @Test("--seed draws anew, or is refused where nothing is drawn")
    func seed() throws {
        for one in TaskCommandCase.all {
            switch one.seed {
            case .refused(let reason): try expectRefused(one, ["--seed", "1"], because: reason)
            case .absent:
                Issue.record("\(one.testDescription): every command says what --seed does")
            case .acts(let arguments):
                let answers = try ["1", "2"].map {
                    try call(one, arguments, ["--seed", $0, "--quiet"])
                }
                #expect(answers.allSatisfy { $0.code == 0 }, "\(answers[0].complaint)")
                #expect(answers[0].files != answers[1].files, "\(one.testDescription)")
            }
        }
    }

    @Test("--set changes the recipe, or is refused where none is read")
    func set() throws {
        for one in TaskCommandCase.all {
            switch one.set {
            case .refused(let reason):
                try expectRefused(one, ["--set", "steps=2"], because: reason)
            case .absent: continue
            case .acts(let arguments):
                let answer = try call(one, arguments, ["--quiet"])
                #expect(answer.code == 0, "\(one.testDescription): \(answer.complaint)")
                let odd = try call(one, one.arguments, ["--set", "nonsense=1", "--quiet"])
                #expect([1, 64].contains(odd.code) && odd.output == "", "\(odd.complaint)")
                #expect(odd.complaint.contains("nonsense"), "\(odd.complaint)")
            }
        }
    }

    @Test("--keep-going leaves out what is faulty, names it and ends as it says")
    func keepGoing() throws {
        for one in TaskCommandCase.all {
            switch one.keepGoing {
            case .absent: continue
            case .refused(let reason): try expectRefused(one, ["--keep-going"], because: reason)
            case .acts(let arguments):
                let name = one.testDescription
                let ended = try call(one, arguments, ["--json", "--quiet"])
                #expect(ended.code == 1 && ended.output == "", "\(name): \(ended.output)")
                #expect(ended.complaintLines == 1, "\(name): \(ended.complaint)")
                let kept = try call(one, arguments, ["--json", "--quiet", "--keep-going"])
                #expect(kept.code == one.codeOfGoingOn, "\(name): \(kept.complaint)")
                #expect(kept.json != nil, "\(name): \(kept.output)")
                if kept.code == 1 {
                    // The fault, and how many there are.
                    #expect(kept.complaintLines == 2, "\(name): \(kept.complaint)")
                }
            }
        }
    }
}
