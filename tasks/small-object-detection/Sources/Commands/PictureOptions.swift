// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Media

extension AnnotatedPixels: ExpressibleByArgument {
    init?(argument: String) {
        guard let value = AnnotatedPixels(rawValue: argument), value != .unsaid else { return nil }
        self = value
    }

    static var allValueStrings: [String] { [Self.stored, .shown].map(\.rawValue) }
}

/// How pictures are read: the options of the keys in `data`.
struct PictureOptions: ParsableArguments {
    @Option(
        help: """
            The pixels that boxes refer to where EXIF turns a picture: those stored or those shown. \
            Needed where nothing else says it. (recipe: data.orientation)
            """)
    var orientation: AnnotatedPixels?

    @Option(
        help: """
            Bands that are red, green and blue, from 1 and separated by commas, or one that is \
            grey. (default: the first three, or the only one; recipe: data.bands)
            """)
    var bands: String?

    @Option(
        help: """
            Samples of more than 8 bits that are black and white: low,high. (default: all that the \
            type has, of floating point the file's least and greatest; recipe: data.range)
            """)
    var range: String?

    func validate() throws {
        if let bands, PixelReading.bands(bands) == nil {
            throw ValidationError(
                "--bands \(bands): expected three bands from 1, such as 4,3,2, or one")
        }
        if let range, PixelReading.range(range) == nil {
            throw ValidationError(
                "--range \(range): expected two numbers, the lower first, such as 0,4095")
        }
    }

    var pixels: AnnotatedPixels { orientation ?? .unsaid }

    var reading: PixelReading {
        PixelReading(
            bands: bands.flatMap { PixelReading.bands($0) },
            range: range.flatMap { PixelReading.range($0) })
    }

    /// The same as settings of a recipe.
    var overrides: [String] {
        let settings = [
            orientation.map { "orientation=\($0.rawValue)" }, bands.map { "bands=[\($0)]" },
            range.map { "range=[\($0)]" },
        ]
        return settings.compactMap { $0 }.map { "data." + $0 }
    }
}
