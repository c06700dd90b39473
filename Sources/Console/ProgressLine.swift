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

    /// What is under way.
    private struct Work {
        /// Parts done and in all; nil where it has no parts.
        var parts: (done: Int, total: Int)?
        var text: String
        var left: TimeForecast.Left?
        /// When it was last told of.
        var time: Double
    }

    private struct State {
        /// The last calls, oldest first: how much was done, and when.
        var recent: [(done: Int, time: Double)] = []
        var lastLine = -Double.infinity
        var isBarShown = false
        var work: Work?
        var isBeating = false
    }

    private let style: Style
    private let now: @Sendable () -> Double
    private let write: @Sendable (String) -> Void
    private let beats: Bool
    private let state = Mutex(State())

    /// A progress line.
    ///
    /// - Parameters:
    ///   - style: How progress is shown.
    ///   - now: Seconds of a clock that only goes forward.
    ///   - beats: Whether a thread calls ``beat()`` while work is under way.
    ///   - write: Where the text goes.
    package init(
        _ style: Style = ProgressLine.style(), beats: Bool = true,
        now: @escaping @Sendable () -> Double = ProgressLine.seconds,
        write: @escaping @Sendable (String) -> Void = {
            try? FileHandle.standardError.write(contentsOf: Data($0.utf8))
        }
    ) {
        self.style = style
        self.now = now
        self.write = write
        self.beats = beats && style != .quiet
    }

    /// Seconds since the machine started.
    package static let seconds: @Sendable () -> Double = {
        Double(DispatchTime.now().uptimeNanoseconds) * 1e-9
    }

    /// The style for standard error: live on a terminal that can redraw a line.
    ///
    /// `TERM=dumb` gives plain lines, `NO_COLOR` with any text takes the colour away.
    package static func style(
        isQuiet: Bool = false, everySeconds: Double = 8, isTerminal: Bool = isatty(2) == 1,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Style {
        if isQuiet { return .quiet }
        let terminal = environment["TERM"] ?? ""
        if !isTerminal || terminal == "dumb" || terminal.isEmpty {
            return .plain(everySeconds: everySeconds)
        }
        var size = winsize()
        let known = unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 20
        return .live(
            isColored: environment["NO_COLOR", default: ""].isEmpty,
            width: known ? Int(size.ws_col) : 80)
    }

    /// Shows that work without countable parts begins, and from then on for how long it has gone on.
    ///
    /// - Parameter isShownAtOnce: False for work that may be over before anybody wonders.
    package func begin(_ text: String, isShownAtOnce: Bool = true) {
        let time = now()
        if !isShownAtOnce { state.withLock { $0.lastLine = time } }
        show(Work(parts: nil, text: text, left: nil, time: time), isNew: isShownAtOnce)
    }

    /// Shows that `done` of `total` are done.
    ///
    /// The last one is always shown. Without a forecast the time left is that of the remaining ones
    /// at the mean speed of the last twenty.
    package func update(
        done: Int, total: Int, _ detail: String, left: TimeForecast.Left? = nil
    ) {
        if style == .quiet { return }
        let time = now()
        let own = state.withLock { state -> TimeForecast.Left? in
            let start = state.recent.first ?? (done, time)
            state.recent = state.recent.suffix(19) + [(done, time)]
            let counted = done - start.done
            guard counted > 0 else { return nil }
            return TimeForecast.Left(
                seconds: (time - start.time) / Double(counted) * Double(total - done))
        }
        show(
            Work(
                parts: (done, total), text: detail, left: done < total ? left ?? own : nil,
                time: time), isNew: false)
    }

    private func show(_ work: Work, isNew: Bool) {
        if style == .quiet { return }
        let isLast = work.parts.map { $0.done >= $0.total } ?? false
        let text = state.withLock { state -> String? in
            state.work = isLast ? nil : work
            return line(of: work, at: work.time, isWanted: isNew || isLast, &state)
        }
        if let text { write(text) }
        if !isLast { keepBeating() }
    }

    /// Shows again what is under way where it has been shown long ago.
    package func beat() {
        let time = now()
        let text = state.withLock { state -> String? in
            state.work.flatMap { line(of: $0, at: time, isWanted: false, &state) }
        }
        if let text { write(text) }
    }

    /// What is to be written of `work`; nil where a line was written only just now.
    private func line(
        of work: Work, at time: Double, isWanted: Bool, _ state: inout State
    ) -> String? {
        let isLast = work.parts.map { $0.done >= $0.total } ?? false
        let elapsed = time - work.time
        var text = work.text
        if let left = work.left?.text(after: elapsed) { text += ", \(left)" }
        if elapsed >= 5 { text += ", \(ProgressLine.duration(elapsed)) since" }
        if work.parts == nil, elapsed >= 1 {
            text = "\(work.text): \(ProgressLine.duration(elapsed))"
        }
        let pause = time - state.lastLine
        switch style {
        case .quiet: return nil
        case .plain(let every):
            guard isWanted || pause >= every else { return nil }
            state.lastLine = time
            return (work.parts.map { "\($0.done)/\($0.total) " } ?? "") + text + "\n"
        case .live(let isColored, let width):
            guard isWanted || pause >= 0.1 else { return nil }
            state.lastLine = time
            state.isBarShown = !isLast
            let line =
                work.parts.map {
                    ProgressLine.bar(
                        done: $0.done, total: $0.total, text, isColored: isColored, width: width)
                } ?? String(text.prefix(max(0, width - 1)))
            return "\r\(line)\u{1B}[K\(isLast ? "\n" : "")"
        }
    }

    /// Starts the thread that beats, unless it runs; it ends with the work.
    private func keepBeating() {
        guard beats else { return }
        let isFirst = state.withLock { state in
            defer { state.isBeating = true }
            return !state.isBeating
        }
        guard isFirst else { return }
        let thread = Thread { [weak self] in
            repeat { Thread.sleep(forTimeInterval: 0.5) } while self?.beatsOn() ?? false
        }
        thread.name = "dr2net.progress"
        thread.start()
    }

    /// Beats where work is under way.
    ///
    /// - Returns: Whether to go on.
    private func beatsOn() -> Bool {
        let isWorking = state.withLock { state in
            state.isBeating = state.work != nil
            return state.isBeating
        }
        if isWorking { beat() }
        return isWorking
    }

    /// Forgets how fast the work went: what follows is another one.
    package func restart() { state.withLock { $0.recent = [] } }

    /// Prints a line of its own, above the bar.
    package func message(_ text: String) {
        if style == .quiet { return }
        let time = now()
        let clear = state.withLock { state -> String in
            defer {
                state.isBarShown = false
                state.lastLine = time
            }
            return state.isBarShown ? "\r\u{1B}[K" : ""
        }
        write("\(clear)\(text)\n")
    }

    /// Ends the work and its bar, so that what is printed next starts on a line of its own.
    package func finish() {
        let end = state.withLock { state -> String? in
            defer {
                state.isBarShown = false
                state.work = nil
                state.recent = []
            }
            guard state.isBarShown else { return nil }
            // How far a bar got stays; that something was under way does not.
            return state.work?.parts == nil ? "\r\u{1B}[K" : "\n"
        }
        if let end { write(end) }
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
