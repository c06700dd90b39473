// SPDX-License-Identifier: Apache-2.0
import CFFmpeg
package import Files
import Foundation

/// How long a film is, measured by its packets, in seconds from its first frame.
///
/// What a container says is the length of its longest stream, or nothing at all, or what the file
/// was before it was cut off.
package struct VideoLength: Sendable, Hashable {
    /// To the end of the last picture: its time and how long it is shown.
    package let pictures: Double
    /// To the end of the last packet of pictures or sound.
    package let content: Double
    /// Seconds that players, which begin with the first of sound and pictures, play before.
    package let lead: Double
    /// Seconds that the container announces behind the last packet, where that is much: the file
    /// was cut off.
    package let missing: Double?

    /// Measures a film.
    package static func measure(_ path: String) throws(InputError) -> VideoLength {
        try VideoReader(path: path, resize: .original).length()
    }

    /// Reads the packets at the end of a film, or all of a small one or one without times.
    ///
    /// - Parameters:
    ///   - origin: Ticks of time 0.
    ///   - first: Ticks of the first frame.
    ///   - hasTimestamps: Whether frames have times of their own.
    ///   - lastTicks: How long a frame is shown, where no packet tells more.
    init(
        path: String, origin: Int64, first: Int64, hasTimestamps: Bool, lastTicks: Int64
    ) throws(InputError) {
        let decoder = try Decoder(path: path, threads: 1)
        let tick = decoder.tick
        var end: CFFEnd?
        if hasTimestamps, VideoLength.isLarge(path) {
            end = try VideoLength.endBySeeking(decoder, first: first)
        }
        if end == nil { end = try Decoder(path: path, threads: 1).end(from: nil) }
        let all = end ?? CFFEnd()
        var ticks = all.pictures.subtractingClamped(origin)
        if !hasTimestamps || all.pictures <= first {
            let (product, overflow) = max(1, all.count).multipliedReportingOverflow(
                by: lastTicks)
            ticks = overflow ? .max : product
        }
        let content = max(ticks, hasTimestamps ? all.content.subtractingClamped(origin) : ticks)
        pictures = Double(ticks) * tick
        self.content = Double(content) * tick
        lead = Double(max(0, first.subtractingClamped(decoder.contentStart ?? first))) * tick
        // Some containers announce the length from their clock's 0, others from their first packet.
        let reached = max(self.content, hasTimestamps ? Double(all.content) * tick : 0)
        missing = decoder.info.announcedDuration.flatMap { announced in
            announced - reached > max(1, 0.02 * announced) ? announced - reached : nil
        }
    }

    /// Whether reading all of it takes a while.
    private static func isLarge(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        return (attributes?[.size] as? NSNumber)?.int64Value ?? 0 > 8 << 20
    }

    /// The end by the packets behind a late key frame; nil where none is found.
    private static func endBySeeking(
        _ decoder: Decoder, first: Int64
    ) throws(InputError) -> CFFEnd? {
        let announced = decoder.info.announcedDuration.flatMap {
            Int64(exactly: ($0 / decoder.tick).rounded())
        }
        guard
            let target = [decoder.indexEnd, announced.map(first.addingClamped)].compactMap({ $0 })
                .max()
        else { return nil }
        var back: Int64 = 0
        var step = max(1, Int64(exactly: (0.5 / decoder.tick).rounded()) ?? 1)
        while target.subtractingClamped(back) > first {
            if let end = try decoder.end(from: target.subtractingClamped(back)),
                end.pictures > first
            {
                return end
            }
            back = back.addingClamped(step)
            step = step.addingClamped(step)
        }
        return nil
    }
}
