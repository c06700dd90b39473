// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Files
import Foundation
import Layers
import Optimizers
import Ranks
import Tensors

/// What a rank tells rank 0 of a step.
struct RankReport: Codable {
    /// The losses of a micro-batch.
    struct Losses: Codable {
        /// What is minimised.
        var total: Double
        /// Its parts by name.
        var parts: [String: Double]
    }

    /// By micro-batch, in their order.
    var losses: [Losses]
    /// Whether this rank was asked to stop.
    var isStopping: Bool
}

/// One process's part in a run of several: what it sends the others besides gradients.
///
/// Rank 0 keeps the run folder, evaluates and decides; the others follow.
final class TrainingRanks {
    private let group: any RankGroup
    /// The gradients of a step.
    let sum: RankedGradientSum
    private let isStopping: () -> Bool
    /// Whether any rank was asked to stop, as of the last step; alike in all ranks.
    private(set) var stopsTogether = false

    /// A part.
    ///
    /// - Parameters:
    ///   - parameters: Those that the optimizer trains, in its order.
    ///   - isSharded: Whether each parameter's optimizer state is kept by one rank alone.
    ///   - isStopping: Whether this process was asked to stop.
    init(
        _ group: any RankGroup, _ parameters: [Parameter], isSharded: Bool,
        isStopping: @escaping () -> Bool
    ) {
        self.group = group
        self.isStopping = isStopping
        sum = RankedGradientSum(
            parameters, group, isSharded: isSharded, isStopping: isStopping)
    }

    var rank: Int { group.rank }
    var count: Int { group.count }

    /// Refuses what several processes would train differently from one.
    static func check(
        _ group: any RankGroup, accumulation: Int, parameters: [ModuleRegistry.Entry]
    ) throws(InputError) {
        guard accumulation % group.count == 0 else {
            throw InputError(
                "accumulation is \(accumulation), which \(group.count) processes can't share "
                    + "evenly; set it to a multiple of \(group.count): a step takes batchSize x "
                    + "accumulation samples, however many processes there are")
        }
        if let statistics = parameters.first(where: { $0.name.hasSuffix("running_mean") }) {
            throw InputError(
                "batch norm (\(statistics.name)) sees the whole batch, which several processes "
                    + "share; run one process, or choose layer norm")
        }
    }

    // MARK: The start

    /// Gives every rank what rank 0 begins with.
    ///
    /// - Parameter digest: Of the data, which must be the same in all ranks.
    /// - Returns: the steps done.
    func start(
        step: Int, fingerprint: String, data digest: String, parameters: [ModuleRegistry.Entry],
        optimizer: AdamW
    ) throws -> Int {
        let own = Array("\(fingerprint) \(parameters.count) \(step) \(digest)".utf8)
        let first = try group.fromFirst(own, tag: RankTag.start, isStopping: isStopping)
        let words = String(decoding: first, as: UTF8.self).split(separator: " ")
        guard words.count == 4, words[0] == fingerprint, words[1] == "\(parameters.count)",
            words[3] == digest, let step = Int(words[2])
        else {
            throw InputError(
                "rank \(rank) trains another recipe, model or data set than rank 0; give all the same "
                    + "program, weights and data")
        }
        for entry in parameters {
            var tensor: Tensor? = entry.parameter.tensor
            for other in 1..<count {
                try move(
                    &tensor, shape: entry.parameter.shape, dtype: entry.parameter.tensor.dtype,
                    from: 0, to: other)
            }
            if let tensor { entry.parameter.tensor = tensor }
        }
        try optimizer.scatter(self, owner: owner)
        return step
    }

    /// The rank that keeps the optimizer's state of a parameter; nil where all do.
    func owner(_ index: Int) -> Int? { sum.isSharded ? sum.owner(index) : nil }

    // MARK: A step

    /// Rank 0 learns the losses of all micro-batches, in their order; all learn whether to stop.
    func exchange(_ own: [RankReport.Losses]) throws -> [RankReport.Losses] {
        let encoder = JSONEncoder(), decoder = JSONDecoder()
        let words = ("inf", "-inf", "nan")
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: words.0, negativeInfinity: words.1, nan: words.2)
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: words.0, negativeInfinity: words.1, nan: words.2)
        let report = RankReport(losses: own, isStopping: isStopping())
        guard rank == 0 else {
            try group.send([UInt8](try encoder.encode(report)), to: 0, tag: RankTag.report)
            stopsTogether =
                try group.fromFirst(
                    [], tag: RankTag.report, isStopping: isStopping) == [1]
            return own
        }
        var reports = [report]
        for other in 1..<count {
            let bytes = try group.receive(
                from: other, tag: RankTag.report, isStopping: isStopping)
            reports.append(try decoder.decode(RankReport.self, from: Data(bytes)))
        }
        guard reports.allSatisfy({ $0.losses.count == own.count }) else {
            throw RankError("the ranks don't take the same number of micro-batches")
        }
        stopsTogether = reports.contains(where: \.isStopping)
        _ = try group.fromFirst([stopsTogether ? 1 : 0], tag: RankTag.report)
        return own.indices.flatMap { round in reports.map { $0.losses[round] } }
    }

    /// The squares of all ranks' gradients from those of the parameters that this one owns.
    func merged(_ squares: [Double]) throws -> [Double] {
        guard sum.isSharded else { return squares }
        var all = squares
        if rank == 0 {
            for other in 1..<count {
                let bits = try numbers(
                    group.receive(from: other, tag: RankTag.state, isStopping: isStopping))
                guard bits.count == all.count else {
                    throw RankError("the ranks don't train the same parameters")
                }
                for (index, bits) in bits.enumerated() {
                    all[index] = max(all[index], Double(bitPattern: bits))
                }
            }
        } else {
            try group.send(bytes(squares.map(\.bitPattern)), to: 0, tag: RankTag.state)
        }
        return try fromFirst(all.map(\.bitPattern)).map(Double.init(bitPattern:))
    }

    /// Sends updated weights round where each rank updates its own.
    func shareWeights(of optimizer: AdamW) throws {
        guard sum.isSharded else { return }
        try sum.shareWeights { optimizer.slots[$0].updates > 0 }
    }

    /// Rank 0 gets the optimizer's state of all, where each rank keeps its own.
    func gather(_ optimizer: AdamW) throws { try optimizer.gather(self, owner: owner) }

    /// Drops what ``gather(_:)`` got.
    func release(_ optimizer: AdamW) { optimizer.release(self, owner: owner) }

    // MARK: Decisions

    /// What rank 0 makes of an evaluation.
    enum Verdict: UInt8 {
        case goOn, stopEarly, interrupted
    }

    /// Rank 0's verdict, in all ranks.
    func verdict(_ own: Verdict) throws -> Verdict {
        let bytes = try group.fromFirst(
            [own.rawValue], tag: RankTag.verdict, isStopping: isStopping)
        return bytes.first.flatMap(Verdict.init) ?? .interrupted
    }

    // MARK: Messages

    /// Numbers of rank 0, in all ranks.
    func fromFirst(_ numbers: [UInt64]) throws -> [UInt64] {
        self.numbers(
            try group.fromFirst(bytes(numbers), tag: RankTag.state, isStopping: isStopping))
    }

    private func bytes(_ numbers: [UInt64]) -> [UInt8] {
        numbers.flatMap { number in
            unsafe withUnsafeBytes(of: number.littleEndian) { unsafe Array($0) }
        }
    }

    private func numbers(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
    }

    /// Moves a tensor of a known shape from one rank to another; does nothing elsewhere.
    func move(
        _ tensor: inout Tensor?, shape: [Int], dtype: DType, from sender: Int, to receiver: Int
    ) throws {
        guard rank == sender || rank == receiver, sender != receiver else { return }
        let message = MessageBuffer(count: shape.reduce(1, *), dtype: dtype)
        let transfer: any RankTransfer
        if rank == sender {
            guard let tensor else { throw RankError("rank \(rank) misses optimizer state") }
            message.copy(tensor, at: 0)
            transfer = try unsafe group.send(
                UnsafeRawBufferPointer(message.bytes), to: receiver, tag: RankTag.state)
        } else {
            transfer = try unsafe group.receive(
                into: message.bytes, from: sender, tag: RankTag.state)
        }
        try group.wait(isStopping: isStopping) { () throws(RankError) in try transfer.poll() }
        if rank == receiver { tensor = message.tensor(at: 0, shape: shape) }
    }
}
