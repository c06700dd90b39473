// SPDX-License-Identifier: Apache-2.0
package import Regions
package import Tensors

/// One of the eight ways to lay a square on itself: rows and columns exchanged first, then
/// mirrored.
package struct Orientation: Sendable, Equatable {
    /// Whether rows become columns.
    package var isTransposed = false
    /// Whether left and right are exchanged then.
    package var isFlippedX = false
    /// Whether top and bottom are exchanged then.
    package var isFlippedY = false

    /// As it lies.
    package init() {}

    /// Draws mirrors and turns.
    package init(_ recipe: AugmentationRecipe, key: RandomKey) {
        if recipe.turns {
            let quarter = key.integer(below: 4, 0)
            isTransposed = quarter % 2 == 1
            isFlippedX = quarter == 1 || quarter == 2
            isFlippedY = quarter == 2 || quarter == 3
        }
        if recipe.flipsHorizontally, key.uniform(1) < 0.5 { isFlippedX.toggle() }
        if recipe.flipsVertically, key.uniform(2) < 0.5 { isFlippedY.toggle() }
    }

    /// Where a box of a square of `size` pixels comes to lie.
    package func place(_ box: Box, size: Int) -> Box {
        let side = Double(size)
        var result =
            isTransposed ? Box(x1: box.y1, y1: box.x1, x2: box.y2, y2: box.x2) : box
        if isFlippedX { (result.x1, result.x2) = (side - result.x2, side - result.x1) }
        if isFlippedY { (result.y1, result.y2) = (side - result.y2, side - result.y1) }
        return result
    }

    /// The pixels `[size, size, 3]` in their new places.
    package func place(_ pixels: [UInt8], size: Int) -> [UInt8] {
        guard self != Orientation() else { return pixels }
        return unsafe [UInt8](unsafeUninitializedCapacity: pixels.count) { output, count in
            for y in 0..<size {
                let row = isFlippedY ? size - 1 - y : y
                for x in 0..<size {
                    let column = isFlippedX ? size - 1 - x : x
                    let source = 3 * (isTransposed ? column * size + row : row * size + column)
                    let target = 3 * (y * size + x)
                    unsafe output[target] = pixels[source]
                    unsafe output[target + 1] = pixels[source + 1]
                    unsafe output[target + 2] = pixels[source + 2]
                }
            }
            count = pixels.count
        }
    }
}
