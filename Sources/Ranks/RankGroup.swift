// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The processes that train one network together, by their ranks.
///
/// Messages between two ranks with the same tag arrive in the order in which they were sent.
package protocol RankGroup: AnyObject {
    /// This process, from 0.
    var rank: Int { get }
    /// The number of processes.
    var count: Int { get }
    /// Begins to send; the bytes must stay where they are until the transfer is done.
    func send(
        _ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int
    ) throws(RankError) -> any RankTransfer
    /// Begins to receive exactly as many bytes as the buffer holds; it must stay until then.
    func receive(
        into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
    ) throws(RankError) -> any RankTransfer
}

/// A message on its way.
package protocol RankTransfer: AnyObject {
    /// Moves messages on, and says whether this one has arrived.
    func poll() throws(RankError) -> Bool
}

/// Why processes can't train together any more, in one line.
package struct RankError: Error, CustomStringConvertible, Sendable {
    /// What was found and what to do.
    package let description: String

    /// An error.
    package init(_ description: String) { self.description = description }
}

extension RankGroup {
    /// Waits until `isDone`, asleep between two looks, as a step takes longer than a nap.
    ///
    /// - Parameter isStopping: Whether the processes were asked to end, so that what is waited for
    ///   may never come; it is given `patience` seconds more.
    package func wait(
        patience: Double = 0.2, isStopping: () -> Bool = { false },
        until isDone: () throws(RankError) -> Bool
    ) throws(RankError) {
        var looks = 0, stopped: Double?
        while try !isDone() {
            looks += 1
            // Small messages of ranks in step are there at once; longer waits leave the core free.
            if looks > 200 { usleep(looks > 2000 ? 1000 : 50) }
            guard looks % 100 == 0 || looks > 2000, isStopping() else { continue }
            let now = Double(DispatchTime.now().uptimeNanoseconds) * 1e-9
            if now - (stopped ?? now) > patience {
                throw RankError(
                    "rank \(rank) waits for another rank that doesn't answer while the job is "
                        + "being ended")
            }
            stopped = stopped ?? now
        }
    }

    /// Sends bytes whose number the receiver doesn't know, and waits until they are gone.
    package func send(_ bytes: [UInt8], to rank: Int, tag: Int) throws(RankError) {
        let header = unsafe withUnsafeBytes(of: UInt64(bytes.count).littleEndian) {
            unsafe Array($0)
        }
        for part in [header, bytes] where !part.isEmpty {
            let buffer = Bytes(part)
            let transfer = try unsafe send(UnsafeRawBufferPointer(buffer.bytes), to: rank, tag: tag)
            try wait { () throws(RankError) in try transfer.poll() }
        }
    }

    /// Receives what ``send(_:to:tag:)-([UInt8],_,_)`` sent.
    package func receive(
        from rank: Int, tag: Int, isStopping: () -> Bool = { false }
    ) throws(RankError) -> [UInt8] {
        func part(_ count: Int) throws(RankError) -> [UInt8] {
            if count == 0 { return [] }
            let buffer = Bytes([UInt8](repeating: 0, count: count))
            let transfer = try unsafe receive(into: buffer.bytes, from: rank, tag: tag)
            try wait(isStopping: isStopping) { () throws(RankError) in try transfer.poll() }
            return unsafe Array(buffer.bytes)
        }
        let count = try part(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.1) << (8 * $1.0) }
        guard count <= 1 << 30 else {
            throw RankError("rank \(rank) announces a message of \(count) bytes")
        }
        return try part(Int(count))
    }

    /// Rank 0 sends its bytes to all others, which get them as the result.
    package func fromFirst(
        _ bytes: [UInt8], tag: Int, isStopping: () -> Bool = { false }
    ) throws(RankError) -> [UInt8] {
        guard rank == 0 else { return try receive(from: 0, tag: tag, isStopping: isStopping) }
        for other in 1..<max(1, count) { try send(bytes, to: other, tag: tag) }
        return bytes
    }
}

/// Bytes that stay where they are.
@safe private final class Bytes {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ values: [UInt8]) {
        unsafe bytes = .allocate(byteCount: values.count, alignment: 16)
        unsafe bytes.copyBytes(from: values)
    }

    deinit { unsafe bytes.deallocate() }
}
