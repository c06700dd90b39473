// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

/// A linear change of colours: brightness, contrast, saturation and hue in one matrix.
package struct ColorTransform: Sendable, Equatable {
    /// Three rows over red, green, blue and one.
    package private(set) var rows: [[Float]]

    /// No change.
    package init() { rows = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]] }

    /// Draws a change within the recipe's limits.
    package init(_ recipe: AugmentationRecipe, key: RandomKey) {
        self.init()
        func draw(_ limit: Double, _ index: Int) -> Double {
            limit * (2 * key.uniform(index) - 1)
        }
        guard recipe.brightness + recipe.contrast + recipe.saturation + recipe.hue > 0 else {
            return
        }
        let light = 1 + draw(recipe.brightness, 0), contrast = 1 + draw(recipe.contrast, 1)
        let saturation = 1 + draw(recipe.saturation, 2)
        let angle = 2 * Double.pi * draw(recipe.hue, 3)
        // Hue turns chrominance about the grey axis and saturation stretches it (YIQ, NTSC 1953).
        let (u, w) = (saturation * cos(angle), saturation * sin(angle))
        let luma = [0.299, 0.587, 0.114]
        let hue = [
            [0.701 * u + 0.168 * w, -0.587 * u + 0.330 * w, -0.114 * u - 0.497 * w],
            [-0.299 * u - 0.328 * w, 0.413 * u + 0.035 * w, -0.114 * u + 0.292 * w],
            [-0.299 * u + 1.250 * w, -0.587 * u - 1.050 * w, 0.886 * u - 0.203 * w],
        ]
        let gain = light * contrast
        rows = hue.map { row in
            zip(luma, row).map { Float(gain * ($0 + $1)) } + [Float(127.5 * (1 - contrast))]
        }
    }

    /// Changes RGB bytes in place, rounded to nearest and kept within 0 to 255.
    package func apply(to pixels: inout [UInt8]) {
        guard self != ColorTransform() else { return }
        let m = rows.flatMap { $0 }
        func byte(_ value: Float) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
        unsafe pixels.withUnsafeMutableBufferPointer { buffer in
            var index = 0
            while index + 2 < buffer.count {
                let r = unsafe Float(buffer[index]), g = unsafe Float(buffer[index + 1])
                let b = unsafe Float(buffer[index + 2])
                unsafe buffer[index] = byte(m[0] * r + m[1] * g + m[2] * b + m[3])
                unsafe buffer[index + 1] = byte(m[4] * r + m[5] * g + m[6] * b + m[7])
                unsafe buffer[index + 2] = byte(m[8] * r + m[9] * g + m[10] * b + m[11])
                index += 3
            }
        }
    }
}
