// SPDX-License-Identifier: Apache-2.0
import Foundation
import Preparation
import Testing

@Suite("Preparation results") struct PreparationResultTests {
    private struct Details: PreparationDetails {
        let frames: Int
        var heading: String { "\(frames) frames" }
        var lines: [String] { ["a table"] }
    }

    /// The tally of four inputs, of which the last ended first.
    private func tally() throws -> PreparationTally {
        var tally = PreparationTally()
        var loop = PreparationLoop("film", inputs: ["a", "b", "c", "d"], keepGoing: true)
        loop.saveInterval = .seconds(60)
        var events: [PreparationEvent] = []
        let outcomes: [PreparationOutcome] = [
            .skipped("cut"), .known, .written("3 frames"), .skipped("gone"),
        ]
        _ = try loop.runInOrder(report: { events.append($0) }) { number, _ in
            PreparationLoop.Product(number, outcomes[number])
        }
        for event in events.reversed() { tally.add(event) }
        return tally
    }

    @Test func allTasksHaveOneFrame() throws {
        let result = PreparationResult(try tally(), folder: "/f", Details(frames: 3))
        #expect(
            result.text == """
                3 frames
                1 written, 1 already there, 2 left out
                  left out: a: cut
                  left out: d: gone
                a table
                """)
        let data = try JSONEncoder().encode(result)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            object.keys.sorted() == ["checked", "folder", "frames", "known", "skipped", "written"])
        #expect(object["written"] as? Int == 1 && object["frames"] as? Int == 3)
        #expect((object["skipped"] as? [[String: String]])?[1] == ["id": "d", "reason": "gone"])
    }

    @Test func setsAddUp() throws {
        var sum = PreparationTally(checked: 2, skipped: [SkippedInput(id: "z", reason: "odd")])
        sum.add(try tally())
        sum.add(try tally())
        #expect(sum.checked == 2 && sum.known == 2 && sum.written == 2)
        #expect(sum.skipped.map(\.id) == ["z", "a", "d", "a", "d"])
    }
}
