// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reports

/// Pixels with depths.
struct Raster: Sendable {
    private let width: Int
    private let height: Int
    /// The middle of the cloud along the view's axes.
    private let middle: SIMD3<Double>
    /// Pixels a unit of the file.
    private let scale: Double
    /// Pixels from a point's own to its square's edge.
    private let reach: Int
    private var depths: [Float]
    private var image: PNGImage

    private static let background = SIMD3<UInt8>(255, 255, 255)
    private static let margin = 0.04
    private static let largestReach = 4

    /// An empty picture that shows a box, right, up and towards the viewer.
    init(width: Int, height: Int, lower: SIMD3<Double>, upper: SIMD3<Double>, points: Int) {
        self.width = width
        self.height = height
        middle = lower / 2 + upper / 2
        let size = upper - lower
        let room = 1 - 2 * Raster.margin
        let scales = [Double(width) * room / size.x, Double(height) * room / size.y]
        let scale = scales.filter { $0.isFinite && $0 > 0 }.min() ?? 1
        self.scale = scale
        // Squares half as wide again as would cover the box if the points lay evenly: they do not.
        let area = max(1, size.x * scale) * max(1, size.y * scale)
        let side = (area / Double(max(1, points))).squareRoot()
        reach = side.isFinite ? Int(min(Double(Raster.largestReach), 0.75 * side)) : 0
        depths = [Float](repeating: -.infinity, count: width * height)
        image = PNGImage(width: width, height: height, color: Raster.background)
    }

    /// Draws a point where nothing nearer is; of points at one depth the first is seen.
    mutating func add(_ place: SIMD3<Double>, color: SIMD3<UInt8>) {
        let offset = (place - middle) * scale
        let column = Raster.pixel(Double(width) / 2 + offset.x, below: width)
        let row = Raster.pixel(Double(height) / 2 - offset.y, below: height)
        let depth = Float(offset.z)
        for y in max(0, row - reach)...min(height - 1, row + reach) {
            for x in max(0, column - reach)...min(width - 1, column + reach) {
                let pixel = y * width + x
                guard depth > depths[pixel] else { continue }
                depths[pixel] = depth
                image[pixel] = color
            }
        }
    }

    private static func pixel(_ value: Double, below bound: Int) -> Int {
        value > 0 ? Int(min(Double(bound - 1), value)) : 0
    }

    /// The picture, darker where neighbouring pixels are nearer.
    func shaded() -> PNGImage {
        var result = image
        let reach = reach + 1
        for y in 0..<height {
            for x in 0..<width {
                let pixel = y * width + x
                let depth = depths[pixel]
                guard depth.isFinite else { continue }
                var nearer: Float = 0
                for (dx, dy) in [(-reach, 0), (reach, 0), (0, -reach), (0, reach)] {
                    let column = x + dx, row = y + dy
                    guard column >= 0, column < width, row >= 0, row < height else { continue }
                    let other = depths[row * width + column]
                    if other > depth { nearer += min(other - depth, Float(20 * reach)) }
                }
                // Depths are in pixels: a slope of 45° all round gives a shade of about 0.9.
                let shade = exp(-0.05 * Double(nearer) / Double(reach))
                let color = image[pixel]
                result[pixel] = SIMD3(
                    UInt8(Double(color.x) * shade), UInt8(Double(color.y) * shade),
                    UInt8(Double(color.z) * shade))
            }
        }
        return result
    }
}
