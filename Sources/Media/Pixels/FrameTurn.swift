// SPDX-License-Identifier: Apache-2.0
import CFFmpeg

/// How a stored frame becomes the shown one: rows and columns exchanged, then mirrored.
struct FrameTurn: Hashable {
    var isTransposed = false
    var isMirroredX = false
    var isMirroredY = false

    init(_ facts: CFFInfo) {
        isTransposed = facts.transposed != 0
        isMirroredX = facts.mirrored_x != 0
        isMirroredY = facts.mirrored_y != 0
    }

    /// Degrees clockwise: 0, 90, 180 or 270.
    var rotation: Int {
        isTransposed ? (isMirroredX ? 90 : 270) : (isMirroredY ? 180 : 0)
    }
    /// Whether turning alone doesn't reach the shown picture.
    var isMirrored: Bool { (isTransposed != isMirroredX) != isMirroredY }
    /// Whether frames are shown as stored.
    var isNone: Bool { !isTransposed && !isMirroredX && !isMirroredY }

    /// The part of the stored frame that the crop shows.
    func storedWindow(of geometry: ResizeGeometry) -> ScaledWindow {
        let left =
            isMirroredX ? geometry.width - geometry.left - geometry.cropWidth : geometry.left
        let top =
            isMirroredY ? geometry.height - geometry.top - geometry.cropHeight : geometry.top
        let across = left..<left + geometry.cropWidth
        let down = top..<top + geometry.cropHeight
        return isTransposed
            ? ScaledWindow(
                width: geometry.height, height: geometry.width, columns: down, rows: across)
            : ScaledWindow(
                width: geometry.width, height: geometry.height, columns: across, rows: down)
    }

    /// Writes the shown RGB rows of a stored window, without gaps.
    /// - Parameters:
    ///   - stored: the window's first row; rows are `stride` bytes apart.
    ///   - width: the shown window's width.
    ///   - height: the shown window's height.
    func show(
        _ stored: UnsafePointer<UInt8>, stride: Int, width: Int, height: Int,
        in rgb: UnsafeMutablePointer<UInt8>
    ) {
        for y in 0..<height {
            let row = unsafe rgb + y * width * 3
            let shownY = isMirroredY ? height - 1 - y : y
            guard isTransposed || isMirroredX else {
                unsafe row.update(from: stored + shownY * stride, count: width * 3)
                continue
            }
            for x in 0..<width {
                let shownX = isMirroredX ? width - 1 - x : x
                let pixel =
                    unsafe isTransposed
                    ? stored + shownX * stride + shownY * 3 : stored + shownY * stride + shownX * 3
                for c in 0..<3 { unsafe row[3 * x + c] = unsafe pixel[c] }
            }
        }
    }
}
