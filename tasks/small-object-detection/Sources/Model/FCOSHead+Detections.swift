// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Regions
import Tensors

extension FCOSHead {
    /// The scored boxes of each image in pixels, before any suppression.
    ///
    /// A score is √(class probability · centre-ness). A level gives its best
    /// ``FCOSConfiguration/candidatesPerLevel`` scores above the threshold; equal ones by
    /// location, then class.
    ///
    /// - Parameters:
    ///   - output: Of the images.
    ///   - sizes: Each image's size in pixels; boxes are cut there.
    package func detections(
        _ output: Output, sizes: [(width: Double, height: Double)]
    ) -> [[Item<Box>]] {
        let samples = output.logits.shape[0], count = configuration.classCount
        precondition(
            sizes.count == samples, "FCOS: sizes of \(sizes.count) images for \(samples)")
        let probabilities = output.logits.tensor.sigmoid().floats
        let codes = output.codes.tensor.floats
        let centrenesses = output.codes.tensor.slice(4..<5, axis: 2).sigmoid().floats
        let scales = self.scales.map(\.tensor.item)
        let coder = DistanceCoder(distance: configuration.distance)
        let least = configuration.scoreThreshold * configuration.scoreThreshold
        return sizes.enumerated().map { sample, size in
            var found: [Item<Box>] = []
            for (level, cells) in output.grid.levels.enumerated() {
                var candidates: [(square: Double, row: Int, label: Int)] = []
                for index in cells.indices {
                    let row = sample * output.grid.count + index
                    let centreness = Double(centrenesses[row])
                    for label in 0..<count {
                        let square = Double(probabilities[row * count + label]) * centreness
                        if square > least { candidates.append((square, row, label)) }
                    }
                }
                candidates.sort {
                    $0.square != $1.square
                        ? $0.square > $1.square : ($0.row, $0.label) < ($1.row, $1.label)
                }
                for (square, row, label) in candidates.prefix(configuration.candidatesPerLevel) {
                    func number(_ side: Int) -> Double {
                        Double(codes[5 * row + side]) * scales[level]
                    }
                    let box = coder.decode(
                        (number(0), number(1), number(2), number(3)),
                        from: output.grid.point(row - sample * output.grid.count, level: level),
                        stride: cells.stride
                    ).clipped(width: size.width, height: size.height)
                    let detection = Item(box, label: label, score: square.squareRoot())
                    if detection.isValid { found.append(detection) }
                }
            }
            return found
        }
    }
}
