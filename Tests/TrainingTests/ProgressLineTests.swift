// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing
import Training

@Suite("ProgressLine") struct ProgressLineTests {
    private final class Screen: Sendable {
        let text = Mutex("")
        let time = Mutex(0.0)
        func line(_ style: ProgressLine.Style) -> ProgressLine {
            ProgressLine(
                style, now: { self.time.withLock { $0 } },
                write: { text in self.text.withLock { $0 += text } })
        }
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
        var shown: String { text.withLock { $0 } }
    }

    @Test func plainLinesComeNowAndThenAndAtTheEnd() {
        let screen = Screen()
        let line = screen.line(.plain(everySeconds: 10))
        for done in 1...25 {
            line.update(done: done, total: 25, "loss 1")
            screen.advance(4)
        }
        line.finish()
        let lines = screen.shown.split(separator: "\n").map(String.init)
        #expect(lines.first == "1/25 loss 1")
        #expect(lines[1] == "4/25 loss 1, 1 min 24 s left")
        #expect(lines.last == "25/25 loss 1")
        #expect(lines.count == 9)
        #expect(!screen.shown.contains("\u{1B}"))
    }

    @Test("The time left follows the speed of the last twenty steps")
    func theTimeLeftIsThatOfTheLastSteps() {
        let screen = Screen()
        let line = screen.line(.plain(everySeconds: 0))
        for done in 1...200 {
            line.update(done: done, total: 210, "a")
            screen.advance(done < 100 ? 1 : 60)
        }
        let lines = screen.shown.split(separator: "\n")
        #expect(lines[98] == "99/210 a, 1 min 51 s left")
        #expect(lines[199] == "200/210 a, 10 min 0 s left")
    }

    @Test func theBarIsRedrawnInPlaceAndFits() {
        let screen = Screen()
        let line = screen.line(.live(isColored: false, width: 40))
        line.update(done: 5, total: 10, String(repeating: "x", count: 100))
        #expect(screen.shown.hasPrefix("\r[━━━━━     ] 5/10 xxx"))
        #expect(screen.shown.hasSuffix("\u{1B}[K"))
        #expect(screen.shown.count < 45)
        line.message("saved")
        #expect(screen.shown.hasSuffix("\r\u{1B}[Ksaved\n"))
    }

    @Test func quietShowsNothing() {
        let screen = Screen()
        let line = screen.line(.quiet)
        line.update(done: 1, total: 1, "a")
        line.message("b")
        line.finish()
        #expect(screen.shown.isEmpty)
    }

    @Test func theStyleFollowsTheTerminalAndTheEnvironment() {
        func style(_ isTerminal: Bool, _ environment: [String: String], quiet: Bool = false)
            -> ProgressLine.Style
        {
            ProgressLine.style(
                isQuiet: quiet, everySeconds: 5, isTerminal: isTerminal, environment: environment)
        }
        #expect(style(false, ["TERM": "xterm"]) == .plain(everySeconds: 5))
        #expect(style(true, ["TERM": "dumb"]) == .plain(everySeconds: 5))
        #expect(style(true, [:]) == .plain(everySeconds: 5))
        #expect(style(true, ["TERM": "xterm"], quiet: true) == .quiet)
        guard case .live(let isColored, _) = style(true, ["TERM": "xterm"]) else {
            Issue.record("expected a live bar")
            return
        }
        #expect(isColored)
        guard case .live(false, _) = style(true, ["TERM": "xterm", "NO_COLOR": "1"]) else {
            Issue.record("expected no colour")
            return
        }
    }

    @Test func residentMemoryIsCounted() {
        #expect(ResidentMemory.current > 1 << 20)
        #expect(ResidentMemory.peak >= ResidentMemory.current / 2)
        let before = ResidentMemory.peak
        let bytes = [UInt8](repeating: 1, count: 64 << 20)
        #expect(bytes.last == 1)
        #expect(ResidentMemory.peak >= before)
    }
}
