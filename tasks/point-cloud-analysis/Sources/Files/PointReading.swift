// SPDX-License-Identifier: Apache-2.0

/// What of a file of points is read, and what its fields are called.
package struct PointReading: Sendable, Equatable {
    /// Fields beside the places.
    package struct Fields: OptionSet, Sendable {
        /// One bit a field.
        package let rawValue: Int

        /// The fields of some bits.
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Strengths of the returns.
        package static let intensity = Fields(rawValue: 1)
        /// Red, green and blue.
        package static let color = Fields(rawValue: 2)
        /// Classes.
        package static let label = Fields(rawValue: 4)
        /// All of them.
        package static let all: Fields = [.intensity, .color, .label]
    }

    /// What is read; what a field holds that isn't read never matters.
    package var fields: Fields
    /// The property that holds the class, the intensity; the usual names where nil.
    package var label, intensity: String?
    /// The properties that hold red, green and blue; the usual names where nil.
    package var color: [String]?
    /// What the brightest channel is in the file; found from the data where nil.
    package var colorRange: Double?

    /// Everything, under the usual names.
    package static let all = PointReading()

    /// A way to read.
    package init(_ fields: Fields = .all) { self.fields = fields }

    /// The same, reading some fields alone.
    package func only(_ fields: Fields) -> PointReading {
        var reading = self
        reading.fields = fields
        return reading
    }
}

/// The range of a file's colors: the one rule for all formats.
///
/// Channels of 8 bits go to 255. Others go to 255 where none of the file is above it, real ones to 1
/// where none is above 1, and to 65535 else. ``PointReading/colorRange`` overrides that.
struct ColorRange: Sendable, Equatable {
    /// What the brightest channel is.
    let top: Double
    /// One line for people where it had to be found out.
    let note: String?

    /// What channels are multiplied by to lie in 0...65535.
    var scale: Double { 65535 / top }

    /// A channel in 0...65535.
    @inline(__always)
    func channel(_ value: Double) -> UInt16 {
        let scaled = (value * scale).rounded()
        return scaled > 0 ? UInt16(min(65535, scaled)) : 0
    }

    /// The range that a recipe sets, or that 8 bits have.
    init(_ top: Double) {
        self.top = top
        note = nil
    }

    /// The range that the data shows.
    ///
    /// - Parameters:
    ///   - largest: The largest channel of the file, or one above 255.
    ///   - isReal: Whether channels are real numbers.
    ///   - isShort: Whether they are 16 bits without a sign, whose own range is 65535.
    init(largest: Double, isReal: Bool, isShort: Bool) {
        top = isReal && largest <= 1 ? 1 : largest <= 255 ? 255 : 65535
        let isPlain = isShort && top == 65535 || largest <= 0
        note =
            isPlain
            ? nil
            : "colors are taken as 0 to \(Int(top)), as the largest is "
                + (largest <= 255 ? "\(NumberWords.short(largest))" : "above 255")
                + "; data.colorRange says otherwise"
    }

    /// Whether a larger channel would change nothing.
    static func isSettled(_ largest: Double) -> Bool { largest > 255 }
}

/// Numbers in messages.
enum NumberWords {
    /// A number without ".0" where it is whole.
    static func short(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
