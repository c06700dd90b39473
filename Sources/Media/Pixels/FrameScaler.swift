// SPDX-License-Identifier: Apache-2.0
import CKernels
import Tensors

/// A window of a scaled picture.
package struct ScaledWindow: Hashable {
    /// The whole picture's scaled size.
    package var width, height: Int
    /// The part of the picture that is scaled.
    package var columns, rows: Range<Int>

    /// A part of a picture and the size it gets.
    package init(width: Int, height: Int, columns: Range<Int>, rows: Range<Int>) {
        (self.width, self.height) = (width, height)
        (self.columns, self.rows) = (columns, rows)
    }
}

/// Scales planar pictures to RGB.
///
/// In whole numbers: the same bits at every instruction level. Columns first, since they shorten a frame by
/// additions of whole rows, 16 output rows at a time; only what the window needs is worked out. Colours are taken from
/// the scaled planes, so that no colour sample is repeated. Belongs to one thread at a time.
package final class FrameScaler {
    private struct Shape: Hashable {
        var width, height, chromaShiftX, chromaShiftY, parts: Int
        var window: ScaledWindow
        var filter: ResizeFilter
    }

    private struct Axes {
        var columns, rows: ScalingFilter
        /// The samples of a row that any output weighs.
        var span: Range<Int>
    }

    private var shape: Shape?
    private var axes: [Axes] = []
    /// 16 rows shortened along columns, these turned into a strip, and the strips of the three planes.
    private var rows: [Int16] = []
    private var strip: [Int16] = []
    private var scaled: [[Int16]] = []
    /// Rows that were read one by one: as many of each part as an output row weighs, and which they are.
    private var read: [[Int16]] = []
    private var held: [[Int]] = []

    /// A scaler without buffers yet.
    package init() {}

    /// Writes the window as RGB rows without gaps.
    package func scale(
        _ picture: PlanarPicture, to window: ScaledWindow, filter: ResizeFilter,
        into rgb: UnsafeMutablePointer<UInt8>
    ) {
        prepare(
            Shape(
                width: picture.width, height: picture.height, chromaShiftX: picture.chromaShift.x,
                chromaShiftY: picture.chromaShift.y, parts: picture.partCount, window: window,
                filter: filter))
        for part in held.indices { held[part] = held[part].map { _ in -1 } }
        guard let kernels = unsafe dr_pixels_at(Int32(Kernels.level.rawValue))?.pointee else {
            fatalError("no kernels at level \(Kernels.level.name)")
        }
        let differences = picture.colours.differenceMatrix
        let matrix = differences ?? picture.colours.mixedMatrix
        guard let colours = unsafe differences == nil ? kernels.strip_mixed : kernels.strip_colours
        else {
            fatalError("no kernel of colours at level \(Kernels.level.name)")
        }
        let width = window.columns.count
        for top in stride(from: 0, to: window.rows.count, by: Self.stripRows) {
            let count = min(Self.stripRows, window.rows.count - top)
            for index in 0..<picture.partCount {
                let axes = axes[index == 0 ? 0 : 1]
                for row in 0..<count {
                    if let reader = unsafe picture.readRow {
                        unsafe blendRows(
                            reader, part: index, axes, output: top + row, row: row, kernels)
                    } else {
                        blendRows(
                            of: picture.planes[index], axes, output: top + row, row: row, kernels)
                    }
                }
                unsafe kernels.gather_strip(rows, axes.span.count, &strip, axes.span.count)
                unsafe kernels.blend_columns(
                    strip, axes.columns.first, axes.columns.weights, axes.columns.taps,
                    &scaled[index], width)
            }
            unsafe colours(
                scaled[0], scaled[1], scaled[2], matrix, count, rgb + top * width * 3, width * 3,
                width)
        }
    }

    private static let stripRows = 16

    private func blendRows(
        of plane: PlanarPicture.Plane, _ axes: Axes, output: Int, row: Int,
        _ kernels: dr_pixel_kernels
    ) {
        let taps = axes.rows.taps, first = Int(axes.rows.first[output])
        let length = axes.span.count
        unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: taps) {
            sources in
            for tap in 0..<taps {
                unsafe sources[tap] =
                    unsafe plane.samples + (first + tap) * plane.stride + axes.span.lowerBound
            }
            unsafe axes.rows.weights.withUnsafeBufferPointer { weights in
                unsafe rows.withUnsafeMutableBufferPointer { out in
                    guard let weights = weights.baseAddress, let out = out.baseAddress else {
                        return
                    }
                    unsafe kernels.blend_rows(
                        sources.baseAddress, weights + output * taps, taps, out + row * length,
                        length)
                }
            }
        }
    }

    /// The same of a part whose rows are read one by one, each once where outputs follow each other.
    private func blendRows(
        _ reader: PlanarPicture.RowReader, part: Int, _ axes: Axes, output: Int, row: Int,
        _ kernels: dr_pixel_kernels
    ) {
        let taps = axes.rows.taps, first = Int(axes.rows.first[output])
        let length = axes.span.count
        unsafe read[part].withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Int16>?.self, capacity: taps) {
                sources in
                for tap in 0..<taps {
                    let slot = (first + tap) % taps
                    if held[part][slot] != first + tap {
                        unsafe reader(part, first + tap, axes.span, base + slot * length)
                        held[part][slot] = first + tap
                    }
                    unsafe sources[tap] = unsafe UnsafePointer(base + slot * length)
                }
                unsafe axes.rows.weights.withUnsafeBufferPointer { weights in
                    unsafe rows.withUnsafeMutableBufferPointer { out in
                        guard let weights = weights.baseAddress, let out = out.baseAddress else {
                            return
                        }
                        unsafe kernels.blend_levels(
                            sources.baseAddress, weights + output * taps, taps, out + row * length,
                            length)
                    }
                }
            }
        }
    }

    private func prepare(_ new: Shape) {
        guard new != shape else { return }
        shape = new
        axes = [
            Self.axes(new, shiftX: 0, shiftY: 0),
            Self.axes(new, shiftX: new.chromaShiftX, shiftY: new.chromaShiftY),
        ]
        let longest = axes.map(\.span.count).max() ?? 0
        rows = [Int16](repeating: 0, count: Self.stripRows * longest)
        strip = rows
        // Differences of what has none are in the middle.
        scaled = (0..<3).map {
            [Int16](
                repeating: $0 < new.parts ? 0 : 128 * 128,
                count: Self.stripRows * new.window.columns.count)
        }
        read = (0..<new.parts).map {
            let axes = axes[$0 == 0 ? 0 : 1]
            return [Int16](repeating: 0, count: axes.rows.taps * axes.span.count)
        }
        held = (0..<new.parts).map {
            [Int](repeating: -1, count: axes[$0 == 0 ? 0 : 1].rows.taps)
        }
    }

    /// The filters of planes with a sample for 2 to the power of `shift` pixels.
    private static func axes(_ shape: Shape, shiftX: Int, shiftY: Int) -> Axes {
        func filter(_ pixels: Int, _ shift: Int, _ scaled: Int, _ range: Range<Int>)
            -> ScalingFilter
        {
            // The last colour sample may stand for pixels outside the picture.
            let extent = Double(pixels) / Double(1 << shift)
            return ScalingFilter(
                count: Int(extent.rounded(.up)), extent: extent, scaled: scaled, range: range,
                filter: shape.filter)
        }
        let window = shape.window
        var columns = filter(shape.width, shiftX, window.width, window.columns)
        let span = columns.span
        columns.shift(by: -span.lowerBound)
        return Axes(
            columns: columns, rows: filter(shape.height, shiftY, window.height, window.rows),
            span: span)
    }
}
