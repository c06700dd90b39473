// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization

/// The wish to stop: Ctrl-C once ends the run after the step at hand, twice at once.
package final class Interruption: Sendable {
    private let count = Atomic<Int>(0)

    /// No wish yet.
    package init() {}

    /// Whether somebody asked to stop.
    package var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    /// Asks to stop.
    ///
    /// - Returns: how often that was asked, this time included.
    @discardableResult
    package func request() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Runs `body` with SIGINT and SIGTERM turned into requests; the second one calls `quit`.
    ///
    /// One listener in a process at a time. The signals' former actions return at the end.
    ///
    /// - Parameters:
    ///   - notify: Told at the first signal that the run is about to stop.
    ///   - quit: Ends the process; for tests something else.
    package func listening<R>(
        notify: @escaping @Sendable () -> Void,
        quit: @escaping @Sendable () -> Void = { _exit(130) }, _ body: () throws -> R
    ) rethrows -> R {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return try body() }
        let reading = ends[0], writing = ends[1]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let ended = DispatchSemaphore(value: 0)
        let listener = Thread { [self] in
            while let byte = SignalPipe.read(reading), byte == SignalPipe.signalled {
                if request() == 1 { notify() } else { quit() }
            }
            ended.signal()
        }
        listener.start()
        SignalPipe.end.store(writing, ordering: .sequentiallyConsistent)
        let former = [SIGINT, SIGTERM].map { (number: $0, action: SignalPipe.install($0)) }
        // A program started from a thread that blocks signals, as Foundation's do, inherits that.
        var wanted = sigset_t(), mask = sigset_t()
        unsafe sigemptyset(&wanted)
        for (number, _) in former { unsafe sigaddset(&wanted, number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &wanted, &mask)
        defer {
            unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
            for (number, var action) in former { unsafe sigaction(number, &action, nil) }
            SignalPipe.end.store(-1, ordering: .sequentiallyConsistent)
            SignalPipe.write(SignalPipe.ended, to: writing)
            ended.wait()
            for end in ends { close(end) }
        }
        return try body()
    }
}

/// From a signal handler, where next to nothing is allowed, to an ordinary thread.
///
/// Not a Dispatch signal source: those lose a signal that comes before their registration.
private enum SignalPipe {
    static let end = Atomic<Int32>(-1)
    static let signalled: UInt8 = 1
    static let ended: UInt8 = 0

    /// Makes a signal write a byte to ``end``; system calls that it meets go on.
    ///
    /// - Returns: the signal's former action.
    static func install(_ number: Int32) -> sigaction {
        var action = sigaction(), former = sigaction()
        action.sa_flags = SA_RESTART
        unsafe action.__sigaction_handler.sa_handler = { _ in
            let former = errno
            SignalPipe.write(SignalPipe.signalled, to: SignalPipe.end.load(ordering: .relaxed))
            errno = former
        }
        unsafe sigaction(number, &action, &former)
        return former
    }

    static func write(_ byte: UInt8, to end: Int32) {
        var byte = byte
        if end >= 0 { _ = unsafe Foundation.write(end, &byte, 1) }
    }

    /// The next byte; nil when the pipe is closed.
    static func read(_ end: Int32) -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = unsafe Foundation.read(end, &byte, 1)
            if count == 1 { return byte }
            if count == 0 || errno != EINTR { return nil }
        }
    }
}
