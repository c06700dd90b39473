// SPDX-License-Identifier: Apache-2.0

/// The least localization-recall-precision error of one class (oLRP, Oksuz et al., ECCV 2018).
///
/// Of the predictions above a score, the error is (sum of (1 - IoU) / (1 - τ) over the true ones, plus
/// false ones, plus objects not found) / (true, false and not found ones together), τ = 0.5. The
/// least over all scores is taken, that of no prediction, 1, included.
package struct LocalizationRecallPrecision: Sendable, Equatable {
    /// τ: the overlap from which a prediction is true.
    static let threshold = 0.5

    /// The error, in [0, 1].
    package internal(set) var error = 1.0
    /// Mean of 1 - IoU of the true predictions at that score; -1 where there is none.
    package internal(set) var localization = -1.0
    /// Share of false predictions at that score; -1 where no prediction is left.
    package internal(set) var falsePositives = -1.0
    /// Share of objects not found at that score.
    package internal(set) var falseNegatives = 1.0

    /// The error of predictions in order of falling score.
    ///
    /// - Parameter positives: The number of objects; at least 1.
    init(_ predictions: [(score: Double, isTrue: Bool, overlap: Double)], positives: Int) {
        var found = 0, wrong = 0
        var distance = 0.0
        for (index, prediction) in predictions.enumerated() {
            if prediction.isTrue {
                found += 1
                distance += 1 - prediction.overlap
            } else {
                wrong += 1
            }
            // A score takes all predictions that have it.
            if index + 1 < predictions.count, predictions[index + 1].score == prediction.score {
                continue
            }
            let lost = positives - found
            let error =
                (distance / (1 - Self.threshold) + Double(wrong + lost))
                / Double(found + wrong + lost)
            guard error < self.error, found > 0 else { continue }
            self.error = error
            localization = distance / Double(found)
            falsePositives = Double(wrong) / Double(found + wrong)
            falseNegatives = Double(lost) / Double(positives)
        }
    }
}
