// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What the guides tell to type exists: commands, options, recipe keys, data sets, scripts and files.
@Suite("Guides") struct GuideTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private static let check = Result {
        GuideCheck(program: try ProgramCommand.program(), root: root)
    }

    /// The guides' paths in the repository.
    private static var guides: [String] {
        let top = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let folders = ["Benchmarks", "data-manifests", "docs", "Sources", "tasks", "Tests"]
        let below = folders.flatMap { folder in
            (FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap {
                $0 as? String
            }
                ?? []).map { "\(folder)/\($0)" }
        }
        return (top + below).filter { $0.hasSuffix(".md") }.sorted()
    }

    private static func text(_ guide: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(guide)", encoding: .utf8)
    }

    @Test func whatTheyNameExists() throws {
        let check = try Self.check.get()
        let guides = Self.guides
        #expect(
            Set(guides).isSuperset(of: [
                "Benchmarks/README.md", "CONTRIBUTING.md", "README.md", "data-manifests/README.md",
                "tasks/point-cloud-analysis/README.md", "tasks/small-object-detection/README.md",
                "tasks/temporal-action-detection/README.md",
            ]))
        let found = try guides.map { check.check(try Self.text($0), of: $0) }
        #expect(found.reduce(0) { $0 + $1.commands } > 60)
        let problems = found.flatMap(\.problems)
        #expect(problems == [], "\n\(problems.joined(separator: "\n"))")
    }

    /// The program itself reads each key, and stops where there is no data.
    @Test func recipesHaveTheKeysTheySet() throws {
        let check = try Self.check.get()
        let recipes = [
            "tad": "temporal-action-detection/recipes/big-buck-bunny.yaml",
            "detect": "small-object-detection/recipes/trees.yaml",
            "points": "point-cloud-analysis/recipes/lidar.yaml",
        ]
        let folder = try TemporaryFolder()
        var checked = 0
        for guide in Self.guides {
            for settings in check.check(try Self.text(guide), of: guide).settings {
                let own = recipes.first {
                    guide.hasPrefix("tasks/" + $0.value.prefix { $0 != "/" })
                }?.key
                guard let task = settings.command.first ?? own, let recipe = recipes[task] else {
                    continue
                }
                let run = try CommandRun(
                    [
                        task, "train", "\(Self.root)/\(settings.recipe ?? "tasks/\(recipe)")",
                        "--quiet", "--run", folder.path("run"),
                    ] + settings.keys.flatMap { ["--set", $0] })
                #expect(run.code != 0, "\(settings.place): \(settings.keys)")
                #expect(
                    !run.complaint.contains("unknown key"), "\(settings.place): \(run.complaint)")
                checked += 1
            }
        }
        #expect(checked >= 4)
    }

    @Test(arguments: [
        ("`dr2net tad trian r.yaml`", "`dr2net tad` has no command trian; did you mean train?"),
        ("`tad trian`", "`dr2net tad` has no command trian; did you mean train?"),
        (
            "    dr2net tad train r.yaml --rum runs/a",
            "`dr2net tad train` has no --rum; did you mean --run?"
        ),
        (
            "`mpirun -n 4 dr2net TASK trian`",
            "`dr2net tad` has no command trian; did you mean train?"
        ),
        ("`dr2net {tad,poits} train`", "`dr2net` has no command poits; did you mean points?"),
        (
            "    dr2net data list lidar",
            "`dr2net data list` takes 0 arguments, lidar is one more"
        ),
        ("`dr2net data fetch lydar`", "no data set lydar; did you mean lidar?"),
        ("    scripts/demoo --set steps=3", "no file scripts/demoo; did you mean scripts/demo?"),
        (
            "    python Benchmarks/peer_vitt.py",
            "no file Benchmarks/peer_vitt.py; did you mean Benchmarks/peer_vit.py?"
        ),
        (
            "With `--memory-buget 2GiB`.",
            "no command has --memory-buget; did you mean --memory-budget?"
        ),
    ])
    func saysWhatIsWrong(markdown: String, expected: String) throws {
        let check = try Self.check.get()
        #expect(
            check.check("# Title\n\n\(markdown)\n", of: "G.md").problems == ["G.md:3: \(expected)"])
    }

    @Test func acceptsWhatIsRight() throws {
        let text = """
            `dr2net` and `.build/release/dr2net TASK train`, `dr2net.policy`, `dr2net tad
            prepare`, `--memory-budget 2GiB`.

                dr2net tad train RECIPE [--set key.path=value]... [--run DIR | --resume DIR]
                                        [--memory-budget 2GiB]
                swift build -c release --product dr2net && dr2net data show NAME   # no dr2net tad nonsense
                DR2NET_THREADS=1 dr2net points predict --run runs/a a.las b.las > list.txt
            """
        let check = try Self.check.get()
        #expect(check.check(text, of: "G.md").problems == [])
    }

    @Test func findsSettings() throws {
        let text = "    dr2net tad train r.yaml --set 'head={name: vsgn}' --set steps=3\n"
        let check = try Self.check.get()
        #expect(
            check.check(text, of: "G.md").settings == [
                GuideCheck.Settings(
                    place: "G.md:1", command: ["tad", "train"], recipe: nil,
                    keys: ["head={name: vsgn}", "steps=3"])
            ])
    }
}
