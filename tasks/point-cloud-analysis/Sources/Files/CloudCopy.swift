// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation

/// What is written of some points: their classes in the file's numbers and, where asked for, how
/// probable each class is.
package struct PointPrediction: Sendable {
    /// A class a point.
    package var codes: [Int32]
    /// A row a point, a probability a class; empty where none are written.
    package var probabilities: [Float]

    /// Classes of some points.
    package init(codes: [Int32], probabilities: [Float] = []) {
        self.codes = codes
        self.probabilities = probabilities
    }
}

/// A file of points about to be written anew with one field changed: the class.
///
/// LAS and PLY keep their format and every other byte; probabilities are added as extra bytes or
/// properties. What can be found wrong is found when this is made, before any work.
package struct CloudCopy {
    /// Gives the classes of the next points, from their places in the file's units.
    package typealias Predict = (_ places: [SIMD3<Double>]) throws -> PointPrediction

    private let source: String
    private let output: String
    private let kind: Kind

    private enum Kind {
        case las(LASCopy)
        case ply(PLYCopy)
        case converted(ConvertedCloud)
    }

    /// Checks that a cloud can be written.
    ///
    /// - Parameters:
    ///   - source: The cloud.
    ///   - output: `.las` or `.ply`; a LAS or PLY of the other format is converted.
    ///   - codes: All numbers that points may get.
    ///   - probabilities: The classes' names where probabilities are written; else empty.
    ///   - reading: How the file's class is called.
    /// - Throws: One line where the output is the source, has another ending or can't hold a class.
    package init(
        of source: String, to output: String, codes: [Int32], probabilities: [String] = [],
        reading: PointReading = .all
    ) throws(InputError) {
        self.source = source
        self.output = output
        let ending = (output as NSString).pathExtension.lowercased()
        guard ending == "las" || ending == "ply" else {
            throw InputError("expected a file name that ends in .las or .ply", path: output)
        }
        guard !CloudCopy.isSame(source, output) else {
            throw InputError(
                "is the cloud to be predicted, too; name another file to write", path: output)
        }
        let format = PointFile.format(of: source)
        switch (format, ending) {
        case (.las, "las"):
            kind = .las(try LASCopy(PointSource(path: source), codes, probabilities))
        case (.ply, "ply"):
            kind = .ply(try PLYCopy(PointSource(path: source), codes, probabilities, reading))
        default:
            kind = .converted(
                try ConvertedCloud(
                    source, output, isLAS: ending == "las", codes, probabilities, reading))
        }
    }

    /// What the output lacks of a source of the other format, for people; nil where it lacks nothing.
    package var loss: String? {
        guard case .converted(let cloud) = kind else { return nil }
        return cloud.loss
    }

    /// Writes the file, a block at a time; it is complete or not there.
    ///
    /// - Parameter predict: Called with all points' places in order.
    package func write(_ predict: Predict) throws(InputError) {
        switch kind {
        case .las(let copy):
            try AtomicFile.write(to: output) { try copy.write($0, predict) }
        case .ply(let copy):
            try AtomicFile.write(to: output) { try copy.write($0, predict) }
        case .converted(let cloud): try cloud.write(predict)
        }
    }

    /// Whether two paths are one file.
    package static func isSame(_ one: String, _ other: String) -> Bool {
        func resolved(_ path: String) -> String {
            URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
        }
        if resolved(one) == resolved(other) { return true }
        func identity(_ path: String) -> [Int]? {
            guard let found = try? FileManager.default.attributesOfItem(atPath: resolved(path)),
                let file = found[.systemFileNumber] as? Int,
                let device = found[.systemNumber] as? Int
            else { return nil }
            return [device, file]
        }
        guard let first = identity(one) else { return false }
        return first == identity(other)
    }
}

extension FileHandle {
    /// Writes a part of a file as it is, some of it at a time.
    func copy(_ range: Range<Int>, of source: PointSource) throws {
        var start = range.lowerBound
        while start < range.upperBound {
            let size = min(1 << 22, range.upperBound - start)
            try write(contentsOf: Data(source.read(start, size, of: "what is kept")))
            start += size
        }
    }
}
