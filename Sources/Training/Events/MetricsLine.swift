// SPDX-License-Identifier: Apache-2.0
package import Foundation
import TextFormats

/// One line of `metrics.jsonl`: a training step, or the result of an evaluation.
package struct MetricsLine: Sendable, Equatable, Decodable {
    /// Optimizer steps done when the line was written; the first step's is 1.
    package var step: Int
    /// The pass over the samples, from 0, at the step's first sample.
    package var epoch: Int?
    /// The loss that was minimised, the mean over the micro-batches.
    package var loss: Double?
    /// Its parts by name.
    package var losses: [String: Double]?
    /// The learning rate of each role.
    package var learningRates: [String: Double]?
    /// The norm of all gradients together before clipping.
    package var gradientNorm: Double?
    /// α in force, where the network has one.
    package var alpha: Double?
    /// β in force, where the network has one.
    package var beta: Double?
    /// Wall seconds of the step or the evaluation.
    package var seconds: Double?
    /// The seconds of these in which the step waited for its samples.
    package var loadSeconds: Double?
    /// Counted bytes of live tensors after the step.
    package var liveBytes: Int?
    /// The most counted bytes of live tensors during the step.
    package var peakBytes: Int?
    /// The largest resident memory of the process so far, in bytes.
    package var residentPeakBytes: Int?
    /// The scores of an evaluation by name; nil on a line of a training step.
    package var evaluation: [String: Double]?

    /// A line of a step.
    package init(step: Int) { self.step = step }

    /// The line as JSON, keys in the order above, names sorted; numbers that are not finite are
    /// null.
    package var json: String {
        var parts = ["\"step\":\(step)"]
        if let epoch { parts.append("\"epoch\":\(epoch)") }
        if let loss { parts.append("\"loss\":\(MetricsLine.text(loss))") }
        if let losses { parts.append("\"losses\":\(MetricsLine.text(losses))") }
        if let learningRates {
            parts.append("\"learningRates\":\(MetricsLine.text(learningRates))")
        }
        if let gradientNorm { parts.append("\"gradientNorm\":\(MetricsLine.text(gradientNorm))") }
        if let alpha { parts.append("\"alpha\":\(MetricsLine.text(alpha))") }
        if let beta { parts.append("\"beta\":\(MetricsLine.text(beta))") }
        if let seconds { parts.append("\"seconds\":\(MetricsLine.text(seconds))") }
        if let loadSeconds { parts.append("\"loadSeconds\":\(MetricsLine.text(loadSeconds))") }
        if let liveBytes { parts.append("\"liveBytes\":\(liveBytes)") }
        if let peakBytes { parts.append("\"peakBytes\":\(peakBytes)") }
        if let residentPeakBytes { parts.append("\"residentPeakBytes\":\(residentPeakBytes)") }
        if let evaluation { parts.append("\"evaluation\":\(MetricsLine.text(evaluation))") }
        return "{\(parts.joined(separator: ","))}"
    }

    /// A line read back; nil where it isn't one.
    package init?(json: some DataProtocol) {
        guard let line = try? JSONDecoder().decode(MetricsLine.self, from: Data(json)) else {
            return nil
        }
        self = line
    }

    private static func text(_ value: Double) -> String {
        value.isFinite ? value.description : "null"
    }

    private static func text(_ values: [String: Double]) -> String {
        let pairs = values.sorted { $0.key < $1.key }
            .map { "\(JSONText.string($0.key)):\(text($0.value))" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private enum CodingKeys: String, CodingKey {
        case step, epoch, loss, losses, learningRates, gradientNorm, alpha, beta, seconds
        case loadSeconds, liveBytes, peakBytes, residentPeakBytes, evaluation
    }

    /// Decodes a line; null among named values is NaN.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func named(_ key: CodingKeys) throws -> [String: Double]? {
            try container.decodeIfPresent([String: Double?].self, forKey: key)?
                .mapValues { $0 ?? .nan }
        }
        step = try container.decode(Int.self, forKey: .step)
        epoch = try container.decodeIfPresent(Int.self, forKey: .epoch)
        loss = try container.decodeIfPresent(Double.self, forKey: .loss)
        losses = try named(.losses)
        learningRates = try named(.learningRates)
        gradientNorm = try container.decodeIfPresent(Double.self, forKey: .gradientNorm)
        alpha = try container.decodeIfPresent(Double.self, forKey: .alpha)
        beta = try container.decodeIfPresent(Double.self, forKey: .beta)
        seconds = try container.decodeIfPresent(Double.self, forKey: .seconds)
        loadSeconds = try container.decodeIfPresent(Double.self, forKey: .loadSeconds)
        liveBytes = try container.decodeIfPresent(Int.self, forKey: .liveBytes)
        peakBytes = try container.decodeIfPresent(Int.self, forKey: .peakBytes)
        residentPeakBytes = try container.decodeIfPresent(Int.self, forKey: .residentPeakBytes)
        evaluation = try named(.evaluation)
    }
}
