// SPDX-License-Identifier: Apache-2.0
import Foundation
import Recipes
import SmallObjectDetection
import Testing
import Training

@Suite("The detection guide") struct DetectionGuideTests {
    @Test("names every key of a recipe") func namesEveryKey() throws {
        let guide = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("tasks/small-object-detection/README.md"), encoding: .utf8)
        let rows = guide.split(separator: "\n").filter { $0.hasPrefix("| `") }.joined(
            separator: " ")
        let fixture = try DetectionFixture()
        for overrides in [[], ["dr2net.policy=paper"], ["head.assigner=nwd"]] as [[String]] {
            var sections: [String] = [], keys = Set<String>()
            for line in try fixture.recipe(overrides).resolved.yaml.split(separator: "\n") {
                let depth = line.prefix { $0 == " " }.count / 2
                let parts = line.split(separator: ":", maxSplits: 1)
                sections = sections.prefix(depth) + [parts[0].trimmingCharacters(in: .whitespaces)]
                if parts.count > 1 { keys.insert(sections.joined(separator: ".")) }
            }
            #expect(keys.count > 60)
            for key in keys.sorted() {
                let last = key.split(separator: ".").last.map(String.init) ?? key
                #expect(
                    rows.contains("`\(key)`") || rows.contains("`\(last)`"),
                    "\(key) is in no table of the guide")
            }
        }
    }
}
