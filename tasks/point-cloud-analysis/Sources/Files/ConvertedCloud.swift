// SPDX-License-Identifier: Apache-2.0
import Files

/// A cloud written in another format with classes: places, colors and intensities come along.
struct ConvertedCloud {
    private let source: String
    private let output: String
    private let isLAS: Bool
    private let reading: PointReading
    private let probabilities: [String]
    /// Whether the source is a format whose other fields could have been kept.
    private let isLossy: Bool

    init(
        _ source: String, _ output: String, isLAS: Bool, _ codes: [Int32],
        _ probabilities: [String], _ reading: PointReading
    ) throws(InputError) {
        self.source = source
        self.output = output
        self.isLAS = isLAS
        // What is called differently in the source is what it is all the same.
        self.reading = reading.only([.intensity, .color])
        self.probabilities = probabilities
        let format = PointFile.format(of: source)
        isLossy = format == .las || format == .ply
        if isLAS, let code = codes.first(where: { !(0...255).contains($0) }) {
            throw InputError(
                "LAS holds classes 0 to 255, but the run writes the class \(code); write PLY "
                    + "instead", path: output)
        }
        if isLAS, !probabilities.isEmpty {
            throw InputError(
                "probabilities go into LAS made of LAS, or into PLY; write PLY instead",
                path: output)
        }
        _ = try PointFile.open(source, self.reading)
    }

    /// What the output lacks, for people.
    var loss: String? {
        isLossy
            ? "\(output): another format than \(source), places, colors, intensities and classes "
                + "are kept alone; keep the ending to keep all fields" : nil
    }

    func write(_ predict: CloudCopy.Predict) throws(InputError) {
        let open = PointFile.opener(source, reading)
        var reader = try open()
        guard let block = try reader.next(PointFile.blockSize) else {
            throw InputError("0 points, expected at least one", path: source)
        }
        let scale = isLAS ? try LASWriter.intensityScale(of: try open()) : 1
        let hasColors = block.colors != nil, hasIntensities = block.intensities != nil
        func body(_ sink: inout any PointSink) throws {
            var next: PointBlock? = block
            while var block = next {
                let found = try predict(block.positions)
                block.labels = found.codes
                block.probabilities = found.probabilities
                if scale != 1 {
                    block.intensities = block.intensities?.map { $0 * scale }
                }
                try sink.append(block)
                next = try reader.next(PointFile.blockSize)
            }
        }
        if isLAS {
            try LASWriter.write(to: output, hasColors: hasColors, body: body)
        } else {
            var contents: PLYWriter.Contents = .labels
            if hasColors { contents.insert(.colors) }
            if hasIntensities { contents.insert(.intensities) }
            try PLYWriter.write(
                to: output, contents: contents, probabilities: probabilities, body: body)
        }
    }
}
