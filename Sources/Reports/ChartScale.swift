// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Round numbers for an axis.
struct ChartScale: Equatable {
    /// The values with a tick, rising.
    let ticks: [Double]

    /// The distance between ticks: 1, 2 or 5 times a power of ten.
    let step: Double

    /// Ticks inside `low ... high`, about `count` of them.
    init(from low: Double, to high: Double, count: Int) {
        guard low.isFinite, high.isFinite, high > low, (high - low).isFinite, count > 0 else {
            ticks = low.isFinite ? [low] : [0]
            step = 1
            return
        }
        let rough = (high - low) / Double(count)
        let power = pow(10, floor(log10(rough)))
        let factor = [1, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10
        let chosen = factor * power
        step = chosen
        let first = (low / chosen - 1e-9).rounded(.up)
        let last = (high / chosen + 1e-9).rounded(.down)
        // Whole multiples, so that no rounding adds up along the axis.
        ticks = last >= first ? stride(from: first, through: last, by: 1).map { $0 * chosen } : []
    }

    /// `value` with as many decimals as the step needs, thousands marked by a thin space.
    func label(_ value: Double) -> String {
        let decimals = min(max(0, Int((-log10(step) + 0.999).rounded(.down))), 12)
        if abs(value) >= 1e7 || (step < 1e-5 && value != 0) { return String(format: "%.4g", value) }
        let text = String(format: "%.\(decimals)f", abs(value))
        let parts = text.split(separator: ".")
        var whole = String(parts[0])
        if whole.count > 4 {
            whole.insert("\u{2009}", at: whole.index(whole.endIndex, offsetBy: -3))
        }
        let fraction = parts.count > 1 ? "." + parts[1] : ""
        return (value < 0 ? "−" : "") + whole + fraction
    }
}
