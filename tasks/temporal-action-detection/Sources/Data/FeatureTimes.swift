// SPDX-License-Identifier: Apache-2.0
import Files

/// One video's precomputed features, of which a recipe, an annotation and perhaps the features
/// themselves say when they are.
struct FeatureTimes {
    /// What messages call the video.
    let name: String
    /// Vectors in the file.
    let count: Int
    /// Frames a second of the film by the annotation.
    var fps: Double?
    /// Seconds by the annotation.
    var duration: Double?
    /// What `extract` wrote beside the features.
    var origin: FeatureOrigin?
}

extension FeatureRecipe {
    /// Seconds, or part of its length, by which a video may differ from its features.
    private static let tolerance = (seconds: 1.0, part: 0.02)

    /// When the vectors of a video are.
    ///
    /// What lies beside extracted features wins over the annotation, and over a recipe that is
    /// silent.
    ///
    /// - Throws: One line where too little is known, and ``FeatureTimeError`` where what is known
    ///   can't be right.
    func clock(_ video: FeatureTimes) throws -> VideoClock {
        if let origin = video.origin {
            try check(video, origin)
            return try clock(
                video, rate: origin.framesPerSecond, stride: origin.featureStride,
                offset: origin.featureOffset)
        }
        guard let stride else {
            guard let duration = video.duration else {
                throw InputError(
                    "\(video.name): its length is unknown; give \"duration\" in its annotation, or "
                        + "data.featureStride and data.framesPerSecond")
            }
            return VideoClock(
                rate: Double(length ?? video.count) / duration, offset: offset ?? 0.5)
        }
        guard let rate = video.fps ?? rate else {
            throw InputError(
                "\(video.name): its frames a second are unknown; give data.framesPerSecond, or "
                    + "\"fps\" in its annotation")
        }
        try checkRates(video, stride: stride)
        return try clock(video, rate: rate, stride: stride, offset: offset ?? 0.5)
    }

    private func clock(
        _ video: FeatureTimes, rate: Double, stride: Double, offset: Double
    ) throws -> VideoClock {
        let seconds = Double(video.count) * stride / rate
        if let duration = video.duration {
            // Vectors over more or less than their stride end later or earlier than it.
            let outer = (Double(video.count) - 1 + 2 * offset) * stride / rate
            let allowed = max(Self.tolerance.seconds, Self.tolerance.part * duration)
            guard
                duration >= min(seconds, outer) - allowed,
                duration <= max(seconds, outer) + allowed
            else {
                throw FeatureTimeError(
                    "\(video.name): \(video.count) vectors, one every "
                        + "\(Self.text(stride / rate)) s (\(Self.text(rate)) frames a second, "
                        + "stride \(Self.text(stride))), last \(Self.text(seconds)) s; expected "
                        + "the video's \(Self.text(duration)) s within \(Self.text(allowed)) s; "
                        + "correct data.framesPerSecond, data.featureStride, the annotation's "
                        + "\"fps\" and \"duration\" or the file")
            }
        }
        return VideoClock(rate: Double(length ?? video.count) / seconds, offset: offset)
    }

    /// Refuses what the recipe says otherwise than the features themselves.
    private func check(_ video: FeatureTimes, _ origin: FeatureOrigin) throws {
        guard origin.vectors == video.count else {
            throw FeatureTimeError(
                "\(video.name): \(video.count) vectors, but extraction wrote \(origin.vectors) "
                    + "(the .features.json beside them); extract again")
        }
        for (key, own, wanted) in [
            ("framesPerSecond", rate, origin.framesPerSecond),
            ("featureStride", stride, origin.featureStride),
            ("featureOffset", offset, origin.featureOffset),
        ] {
            guard let own, abs(own - wanted) > 1e-6 * max(1, wanted) else { continue }
            throw FeatureTimeError(
                "\(video.name): data.\(key) is \(Self.text(own)), but the features were extracted "
                    + "with \(Self.text(wanted)) (the .features.json beside them); remove the key")
        }
    }

    /// Refuses an annotation's rate where the recipe names another one that fits better: the film's
    /// rate beside features of another rate.
    private func checkRates(_ video: FeatureTimes, stride: Double) throws {
        guard let fps = video.fps, let rate, abs(fps - rate) > Self.tolerance.part * rate else {
            return
        }
        let lengths = [fps, rate].map { Double(video.count) * stride / $0 }
        if let duration = video.duration,
            abs(lengths[0] - duration) < abs(lengths[1] - duration)
        {
            return
        }
        throw FeatureTimeError(
            "\(video.name): data.framesPerSecond is \(Self.text(rate)), the annotation's \"fps\" "
                + "\(Self.text(fps)), by which its \(video.count) vectors last "
                + "\(Self.text(lengths[1])) or \(Self.text(lengths[0])) s of "
                + "\(video.duration.map(Self.text) ?? "unknown") s; expected one rate, that of the "
                + "frames which featureStride counts; remove the other")
    }

    /// A number to a hundredth.
    private static func text(_ value: Double) -> String {
        MessageText.number((value * 1000).rounded() / 1000)
    }
}

/// Times of features that can't be right: refused, or left out with `data.keepGoing`.
struct FeatureTimeError: Error, CustomStringConvertible {
    /// What was found, what was expected, what to do.
    let description: String

    init(_ description: String) { self.description = description }
}
