// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Progress on standard error: a live bar on a terminal, a plain line now and then elsewhere.
package final class ProgressLine: Sendable {
    /// How progress is shown.
    package enum Style: Sendable, Equatable {
        /// Not at all.
        case quiet
        /// A line at most so often.
        case plain(everySeconds: Double)
        /// A bar that is redrawn in place.
        case live(isColored: Bool, width: Int)
    }

    private struct State {
        /// The last calls, oldest first: how much was done, and when.
        var recent: [(done: Int, time: Double)] = []
        var lastLine = -Double.infinity
        var isBarShown = false
    }

    private let style: Style
    private let now: @Sendable () -> Double
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// A progress line.
    ///
    /// - Parameters:
    ///   - style: How progress is shown.
    ///   - now: Seconds of a clock that only goes forward.
    ///   - write: Where the text goes.
    package init(
        _ style: Style = ProgressLine.style(),
        now: @escaping @Sendable () -> Double = ProgressLine.seconds,
        write: @escaping @Sendable (String) -> Void = {
            try? FileHandle.standardError.write(contentsOf: Data($0.utf8))
        }
    ) {
        self.style = style
        self.now = now
        self.write = write
    }

    /// Seconds since the machine started.
    package static let seconds: @Sendable () -> Double = {
        Double(DispatchTime.now().uptimeNanoseconds) * 1e-9
    }

    /// The style for standard error: live on a terminal that can redraw a line.
    ///
    /// `TERM=dumb` gives plain lines, `NO_COLOR` with any text takes the colour away.
    package static func style(
        isQuiet: Bool = false, everySeconds: Double = 10, isTerminal: Bool = isatty(2) == 1,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Style {
        if isQuiet { return .quiet }
        let terminal = environment["TERM"] ?? ""
        if !isTerminal || terminal == "dumb" || terminal.isEmpty {
            return .plain(everySeconds: everySeconds)
        }
        var size = winsize()
        let known = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 20
        return .live(
            isColored: environment["NO_COLOR", default: ""].isEmpty,
            width: known ? Int(size.ws_col) : 80)
    }

    /// Shows that `done` of `total` are done.
    ///
    /// The last one is always shown. The time left is that of the remaining ones at the mean speed
    /// of the last twenty: steps of the backbone take longer than those of the head before them.
    package func update(done: Int, total: Int, _ detail: String) {
        if style == .quiet { return }
        let time = now()
        let text = state.withLock { state -> String? in
            let isLast = done >= total
            let start = state.recent.first ?? (done, time)
            state.recent = state.recent.suffix(19) + [(done, time)]
            let counted = done - start.done
            var left = ""
            if counted > 0, !isLast {
                let seconds = (time - start.time) / Double(counted) * Double(total - done)
                left = ", \(ProgressLine.duration(seconds)) left"
            }
            switch style {
            case .quiet: return nil
            case .plain(let every):
                guard isLast || time - state.lastLine >= every else { return nil }
                state.lastLine = time
                return "\(done)/\(total) \(detail)\(left)\n"
            case .live(let isColored, let width):
                guard isLast || time - state.lastLine >= 0.1 else { return nil }
                state.lastLine = time
                state.isBarShown = !isLast
                let line = ProgressLine.bar(
                    done: done, total: total, detail + left, isColored: isColored, width: width)
                return "\r\(line)\u{1B}[K\(isLast ? "\n" : "")"
            }
        }
        if let text { write(text) }
    }

    /// Forgets how fast the work went: what follows is another one.
    package func restart() { state.withLock { $0.recent = [] } }

    /// Prints a line of its own, above the bar.
    package func message(_ text: String) {
        if style == .quiet { return }
        let clear = state.withLock { state -> String in
            defer { state.isBarShown = false }
            return state.isBarShown ? "\r\u{1B}[K" : ""
        }
        write("\(clear)\(text)\n")
    }

    /// Ends the bar, so that what is printed next starts on a line of its own.
    package func finish() {
        let isShown = state.withLock { state -> Bool in
            defer { state.isBarShown = false }
            return state.isBarShown
        }
        if isShown { write("\n") }
    }

    static func bar(
        done: Int, total: Int, _ text: String, isColored: Bool, width: Int
    ) -> String {
        let cells = max(8, min(24, width / 4))
        let filled = total > 0 ? min(cells, max(0, cells * done / total)) : cells
        let full = String(repeating: "━", count: filled)
        let rest = String(repeating: isColored ? "━" : " ", count: cells - filled)
        let bar = isColored ? "\u{1B}[36m\(full)\u{1B}[90m\(rest)\u{1B}[0m" : "[\(full)\(rest)]"
        // One column stays free: a full line would wrap and the next redraw would miss it.
        let room = max(0, width - cells - 4)
        return "\(bar) \("\(done)/\(total) \(text)".prefix(room))"
    }

    /// Seconds for people: "4 min 10 s".
    package static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds), 1e9).rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}
