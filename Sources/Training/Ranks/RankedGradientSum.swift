// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Ranks
import Tensors

/// The gradients of a step over several processes: rank r works out the micro-batches r,
/// r + ranks, …; each round of them is added in rank order, bucket by bucket, while the backward
/// pass still runs.
///
/// The sum is a left fold over the micro-batches, as ``SummedGradients`` alone makes it: equal bits.
final class RankedGradientSum {
    private let parameters: [Parameter]
    private let group: any RankGroup
    /// Whether a sum stays with its owner, which alone updates those parameters.
    let isSharded: Bool
    private let isStopping: () -> Bool
    let buckets: [GradientBucket]
    private let bucketOf: [Int]
    private var states: [State]
    private var failure: RankError?
    private var isLastRound = false

    /// What is under way of a bucket.
    private struct State {
        /// Gradients of this round, by position.
        var gradients: [Tensor?] = []
        /// Parameters of which this round's gradient isn't complete.
        var missing = 0
        var own: MessageBuffer?
        var sum: MessageBuffer?
        /// Messages on their way in, by rank.
        var incoming: [(message: MessageBuffer, transfer: any RankTransfer)] = []
        /// Messages on their way out.
        var outgoing: [(message: MessageBuffer, transfer: any RankTransfer)] = []
        /// The sum on its way from the owner.
        var result: (message: MessageBuffer, transfer: any RankTransfer)?
        var isDone = true
    }

    /// A sum.
    ///
    /// - Parameter isStopping: Whether the processes were asked to end.
    init(
        _ parameters: [Parameter], _ group: any RankGroup, isSharded: Bool,
        isStopping: @escaping () -> Bool
    ) {
        self.group = group
        self.isSharded = isSharded
        self.isStopping = isStopping
        buckets = GradientBucket.cut(parameters, ranks: group.count)
        var bucketOf = Array(repeating: 0, count: parameters.count)
        for (number, bucket) in buckets.enumerated() {
            for index in bucket.indices { bucketOf[index] = number }
        }
        self.bucketOf = bucketOf
        states = buckets.map { _ in State() }
        self.parameters = parameters
    }

    /// The rank that sums a parameter's gradients.
    func owner(_ index: Int) -> Int { buckets[bucketOf[index]].owner }

    /// Begins a round.
    ///
    /// - Parameter isLast: Whether it is the step's last one.
    func begin(isLast: Bool) {
        isLastRound = isLast
        for (number, bucket) in buckets.enumerated() {
            // Which parameters are trainable depends on the step alone: alike in all ranks.
            states[number].missing = bucket.indices.count { parameters[$0].isTrainable }
            states[number].gradients = Array(repeating: nil, count: bucket.indices.count)
            states[number].isDone = states[number].missing == 0
        }
    }

    /// Takes this rank's complete gradient of a round.
    func take(_ index: Int, _ gradient: consuming Tensor?) {
        let number = bucketOf[index]
        guard let position = buckets[number].indices.firstIndex(of: index) else { return }
        states[number].gradients[position] = gradient.take()
        states[number].missing -= 1
        guard failure == nil else { return }
        do throws(RankError) {
            if states[number].missing == 0 { try launch(number) }
            _ = try moveOn()
        } catch { failure = error }
    }

    /// Ends a round: all buckets are summed, and of the last round have come back to the parameters.
    func end() throws {
        if let failure { throw failure }
        try group.wait(isStopping: isStopping) { () throws(RankError) in try moveOn() }
        guard isLastRound else { return }
        for (number, bucket) in buckets.enumerated() {
            guard let message = states[number].sum.take() else { continue }
            let tensors = bucket.unpacked(message, like: parameters)
            for (index, tensor) in zip(bucket.indices, tensors) {
                parameters[index].gradient = tensor
            }
        }
    }

    /// Sends this rank's gradients of a bucket to its owner, or expects those of the others.
    private func launch(_ number: Int) throws(RankError) {
        let bucket = buckets[number]
        let own = bucket.packed(states[number].gradients)
        states[number].gradients = []
        guard bucket.owner == group.rank else {
            let transfer = try unsafe group.send(
                UnsafeRawBufferPointer(own.bytes), to: bucket.owner, tag: tag(number))
            states[number].outgoing = [(own, transfer)]
            return
        }
        states[number].own = own
        for other in 0..<group.count where other != group.rank {
            let message = MessageBuffer(count: bucket.count, dtype: bucket.dtype)
            unsafe states[number].incoming.append(
                (
                    message,
                    try group.receive(into: message.bytes, from: other, tag: tag(number))
                ))
        }
    }

    private func tag(_ number: Int) -> Int { RankTag.buckets + number }

    /// Moves every bucket on as far as messages allow.
    ///
    /// - Returns: whether all are done.
    private func moveOn() throws(RankError) -> Bool {
        var isDone = true
        for number in buckets.indices where !states[number].isDone {
            if states[number].missing == 0 { try moveOn(number) }
            isDone = isDone && states[number].isDone
        }
        return isDone
    }

    private func moveOn(_ number: Int) throws(RankError) {
        let bucket = buckets[number]
        if let own = states[number].own {
            for (_, transfer) in states[number].incoming {
                guard try transfer.poll() else { return }
            }
            var messages = states[number].incoming.map(\.message)
            states[number].incoming = []
            states[number].own = nil
            messages.insert(own, at: group.rank)
            let sum = states[number].sum ?? messages.removeFirst()
            for message in messages { sum.add(message) }
            states[number].sum = sum
            if isLastRound, !isSharded {
                for other in 0..<group.count where other != group.rank {
                    let transfer = try unsafe group.send(
                        UnsafeRawBufferPointer(sum.bytes), to: other, tag: tag(number))
                    states[number].outgoing.append((sum, transfer))
                }
            }
        }
        for (_, transfer) in states[number].outgoing {
            guard try transfer.poll() else { return }
        }
        if bucket.owner != group.rank, isLastRound, !isSharded {
            // The gradients sent are gone: their memory takes the sum.
            if states[number].result == nil, let message = states[number].outgoing.first?.message {
                states[number].result = unsafe (
                    message,
                    try group.receive(into: message.bytes, from: bucket.owner, tag: tag(number))
                )
            }
            states[number].outgoing = []
            guard let result = states[number].result, try result.transfer.poll() else { return }
            states[number].sum = result.message
            states[number].result = nil
        }
        states[number].outgoing = []
        states[number].isDone = true
    }

    /// Sends the weights that owners have updated to all ranks.
    ///
    /// - Parameter isUpdated: Whether this step has updated a parameter.
    func shareWeights(_ isUpdated: (Int) -> Bool) throws {
        var outgoing: [(message: MessageBuffer, transfer: any RankTransfer)] = []
        var incoming: [(number: Int, message: MessageBuffer, transfer: any RankTransfer)] = []
        for (number, bucket) in buckets.enumerated() where bucket.indices.contains(where: isUpdated)
        {
            if bucket.owner == group.rank {
                let message = bucket.packed(bucket.indices.map { parameters[$0].tensor })
                for other in 0..<group.count where other != group.rank {
                    unsafe outgoing.append(
                        (
                            message,
                            try group.send(
                                UnsafeRawBufferPointer(message.bytes), to: other,
                                tag: tag(number))
                        ))
                }
            } else {
                let message = MessageBuffer(count: bucket.count, dtype: bucket.dtype)
                unsafe incoming.append(
                    (
                        number, message,
                        try group.receive(
                            into: message.bytes, from: bucket.owner, tag: tag(number))
                    ))
            }
        }
        try group.wait(isStopping: isStopping) { () throws(RankError) in
            var isDone = true
            for (_, transfer) in outgoing { isDone = try transfer.poll() && isDone }
            for (_, _, transfer) in incoming { isDone = try transfer.poll() && isDone }
            return isDone
        }
        for (number, message, _) in incoming {
            let bucket = buckets[number]
            for (index, tensor) in zip(
                bucket.indices, bucket.unpacked(message, like: parameters))
            {
                if let tensor { parameters[index].tensor = tensor }
            }
        }
    }
}

/// The tags of what ranks send each other.
enum RankTag {
    static let recipe = 1
    static let start = 2
    static let report = 3
    static let verdict = 4
    static let state = 5
    static let end = 6
    static let buckets = 16
}
