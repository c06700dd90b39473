// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Console
import Foundation
import Synchronization
import Testing
import Training

@Suite("Loops over inputs") struct PredictLoopTests {
    private struct Fault: Error, CustomStringConvertible { let description: String }

    private func loop(_ keepGoing: Bool) -> PredictLoop {
        PredictLoop(
            ["a", "bad", "c"], noun: "image", keepGoing: keepGoing, progress: ProgressLine(.quiet))
    }

    @Test("what an input gives is kept before the next begins")
    func keepsInTurn() throws {
        var events: [String] = []
        let outcome = try loop(true).run(
            predict: { number, input, _ in
                events.append("predict \(number) \(input)")
                if input == "bad" { throw Fault(description: "bad: damaged") }
                return input.uppercased()
            }, keep: { events.append("keep \($0) \($1) \($2)") })
        #expect(
            events == [
                "predict 0 a", "keep 0 a A", "predict 1 bad", "predict 2 c", "keep 2 c C",
            ])
        #expect(outcome.total == 3 && outcome.bad == ["bad"])
        #expect(
            complaint { try outcome.check() }.contains(
                "1 of 3 images could not be read"))
    }

    @Test("a bad input ends the work with what is done already")
    func endsAtBad() throws {
        var kept: [String] = []
        let found = complaint {
            _ = try loop(false).run(
                kept: PredictLoop.kept(in: ["x.partial"]),
                predict: { _, input, _ in
                    if input == "bad" { throw Fault(description: "bad: damaged") }
                    return input
                }, keep: { kept.append($2) })
        }
        #expect(kept == ["a"])
        #expect(found.hasPrefix("bad: damaged; 1 of 3 images are in x.partial"), "\(found)")
    }

    @Test("a fault in writing ends the work, whatever goes on behind bad inputs")
    func writingEnds() throws {
        let found = complaint {
            _ = try loop(true).run(
                predict: { _, input, _ in input },
                keep: { _, _, _ in throw Fault(description: "disk is full") })
        }
        #expect(found == "disk is full")
        #expect(
            complaint {
                _ = try loop(true).run(
                    predict: { _, _, _ -> Int in throw Fault(description: "bad") },
                    keep: { _, _, _ in })
            } == "no image could be read")
    }

    @Test(
        "progress names the present input, its number, its part that is done and the time for all")
    func progress() throws {
        let text = Mutex("")
        let line = ProgressLine(
            .plain(everySeconds: 0), now: { 1 }, write: { part in text.withLock { $0 += part } })
        let seconds = Mutex(0.0)
        let loop = PredictLoop(
            ["a", "bad", "c"], noun: "image", keepGoing: false, progress: line,
            now: {
                seconds.withLock {
                    $0 += 100
                    return $0
                }
            })
        _ = try loop.run(
            predict: { _, _, report in report(1, 4, "tiles") }, keep: { _, _, _ in })
        let lines = text.withLock { $0 }.split(separator: "\n")
        #expect(
            lines == [
                "1/4 tiles of a (image 1 of 3)",
                "1/4 tiles of bad (image 2 of 3, 3 min 20 s left in all)",
                "1/4 tiles of c (image 3 of 3, 1 min 40 s left in all)",
            ])
    }
}
