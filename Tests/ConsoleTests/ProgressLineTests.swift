// SPDX-License-Identifier: Apache-2.0
import Console
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
                style, beats: false, now: { self.time.withLock { $0 } },
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

    @Test func whatTakesLongIsShownAgain() {
        let screen = Screen()
        let line = screen.line(.plain(everySeconds: 8))
        line.begin("reading weights")
        for _ in 0..<20 {
            screen.advance(1)
            line.beat()
        }
        line.update(
            done: 3, total: 9, "loss 1", left: TimeForecast.Left(seconds: 60, isGuessed: true))
        for _ in 0..<12 {
            screen.advance(1)
            line.beat()
        }
        line.finish()
        screen.advance(100)
        line.beat()
        #expect(
            screen.shown == """
                reading weights
                reading weights: 8 s
                reading weights: 16 s
                3/9 loss 1, about 56 s left
                3/9 loss 1, about 48 s left, 12 s since

                """)
    }

    @Test func shortWorkIsNotShown() {
        let screen = Screen()
        let line = screen.line(.plain(everySeconds: 8))
        line.begin("scoring", isShownAtOnce: false)
        screen.advance(7)
        line.beat()
        #expect(screen.shown.isEmpty)
        screen.advance(1)
        line.beat()
        line.finish()
        #expect(screen.shown == "scoring: 8 s\n")
    }

    @Test func workWithoutPartsLeavesNoBarBehind() {
        let screen = Screen()
        let line = screen.line(.live(isColored: false, width: 40))
        line.begin("reading")
        line.finish()
        #expect(screen.shown == "\rreading\u{1B}[K\r\u{1B}[K")
    }

    @Test func theBarCountsDown() {
        let screen = Screen()
        let line = screen.line(.live(isColored: false, width: 80))
        line.update(done: 5, total: 10, "a", left: TimeForecast.Left(seconds: 20))
        screen.advance(8)
        line.beat()
        let bar = "[━━━━━━━━━━          ] 5/10 a, "
        #expect(
            screen.shown == "\r\(bar)20 s left\u{1B}[K\r\(bar)12 s left, 8 s since\u{1B}[K")
    }

    @Test func aThreadBeatsWhileWorkIsUnderWay() async throws {
        let shown = Mutex("")
        let line = ProgressLine(
            .plain(everySeconds: 0),
            write: { text in
                shown.withLock { $0 += text }
            })
        line.begin("a")
        let end = ContinuousClock.now + .seconds(4)
        while ContinuousClock.now < end, shown.withLock({ $0.count }) < 4 {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(shown.withLock { $0 }.hasPrefix("a\na"))
        line.finish()
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
