// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Ranks

/// Ranks as threads of one process, for tests: messages are copied through a mailbox.
package final class LocalRanks: RankGroup {
    /// Behind a lock that the thread sanitizer knows; it doesn't see `Mutex`.
    private final class Mailbox: @unchecked Sendable {
        struct Address: Hashable {
            let from: Int, to: Int, tag: Int
        }
        struct State {
            var messages: [Address: [[UInt8]]] = [:]
            var lost: Set<Int> = []
        }
        private var state = State()
        private let lock = NSLock()

        func withLock<R>(_ body: (inout State) -> R) -> R { lock.withLock { body(&state) } }
    }

    /// What the ranks gave.
    private final class Results<R>: @unchecked Sendable {
        private var results: [Int: Result<R, any Error>] = [:]
        private let lock = NSLock()

        func set(_ rank: Int, _ result: Result<R, any Error>) {
            lock.withLock { results[rank] = result }
        }

        func all(_ count: Int) -> [Result<R, any Error>] {
            lock.withLock { (0..<count).compactMap { results[$0] } }
        }
    }

    private final class Sent: RankTransfer {
        func poll() throws(RankError) -> Bool { true }
    }

    @safe private final class Expected: RankTransfer {
        let mailbox: Mailbox
        let address: Mailbox.Address
        let bytes: UnsafeMutableRawBufferPointer
        var isDone = false

        init(_ mailbox: Mailbox, _ address: Mailbox.Address, _ bytes: UnsafeMutableRawBufferPointer)
        {
            self.mailbox = mailbox
            self.address = address
            unsafe self.bytes = unsafe bytes
        }

        func poll() throws(RankError) -> Bool {
            if isDone { return true }
            let (message, isLost) = mailbox.withLock { state in
                guard let first = state.messages[address]?.first else {
                    return ([UInt8]?.none, state.lost.contains(address.from))
                }
                state.messages[address]?.removeFirst()
                return (first, false)
            }
            guard let message else {
                if isLost { throw RankError("rank \(address.from) is lost") }
                return false
            }
            unsafe precondition(
                message.count == bytes.count, unsafe "\(message.count) bytes for \(bytes.count)")
            unsafe bytes.copyBytes(from: message)
            isDone = true
            return true
        }
    }

    package let rank: Int
    package let count: Int
    private let mailbox: Mailbox

    private init(_ rank: Int, _ count: Int, _ mailbox: Mailbox) {
        self.rank = rank
        self.count = count
        self.mailbox = mailbox
    }

    package func send(
        _ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int
    ) throws(RankError) -> any RankTransfer {
        let address = Mailbox.Address(from: self.rank, to: rank, tag: tag)
        mailbox.withLock { unsafe $0.messages[address, default: []].append(Array(bytes)) }
        return Sent()
    }

    package func receive(
        into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
    ) throws(RankError) -> any RankTransfer {
        unsafe Expected(mailbox, Mailbox.Address(from: rank, to: self.rank, tag: tag), bytes)
    }

    /// Runs `body` as each of `count` ranks at once.
    ///
    /// - Returns: what each gave or threw; one that throws is lost to the others.
    package static func run<R: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (LocalRanks) throws -> R
    ) -> [Result<R, any Error>] {
        let mailbox = Mailbox()
        let results = Results<R>()
        let done = DispatchGroup()
        for rank in 0..<count {
            done.enter()
            let thread = Thread {
                let result = Result { try body(LocalRanks(rank, count, mailbox)) }
                if case .failure = result {
                    mailbox.withLock { _ = $0.lost.insert(rank) }
                }
                results.set(rank, result)
                done.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        done.wait()
        return results.all(count)
    }
}
