// SPDX-License-Identifier: Apache-2.0
package import Files

/// Gives the frames that a film shows at given times.
///
/// Time 0 is the first frame, wherever the container's clock starts. The frame at time t is the last one whose time
/// is at most t, so variable rates, edit lists and offsets need nothing from the caller. A far time is reached from
/// the key frame before it; the pixels are the same bits as by decoding from the start. Belongs to one thread at a time.
package final class VideoReader {
    /// What the file says of its video.
    package let info: VideoInfo
    /// Size of every frame given, in pixels.
    package let width, height: Int
    /// Bits of a sample of the first frame as it is stored.
    let sampleBits: Int

    private let mode: ResizeMode
    private let filter: ResizeFilter
    private let threads: Int
    private var decoder: Decoder
    private var measured: VideoLength?
    /// Warnings of decoders given up on a restart.
    private var earlierWarnings = 0
    /// Ticks of time 0, and of the first frame.
    private var origin: Int64 = 0
    private var first: Int64 = 0
    private var canSeek = false
    /// The last tick of each time of the present request.
    private var wanted: [Int64] = []
    /// After an error or a cancellation, frames may have been skipped that the next request needs.
    private var mustReposition = false
    private var geometry: ResizeGeometry
    private var geometrySource: (width: Int, height: Int)

    /// Opens a film and decodes its first frame.
    /// - Parameters:
    ///   - path: a regular file.
    ///   - mode: the size of the frames given.
    ///   - threads: decoding threads, 1 or more; the pixels do not depend on it.
    package init(
        path: String, resize mode: ResizeMode, filter: ResizeFilter = .bilinear, threads: Int = 1
    ) throws(InputError) {
        let decoder = try Decoder(path: path, threads: threads)
        guard try decoder.advance(), let first = decoder.pendingTicks else {
            throw InputError.noFrame(path)
        }
        _ = try decoder.advance()
        let size = (width: decoder.currentWidth, height: decoder.currentHeight)
        guard
            let geometry = ResizeGeometry(mode, frameWidth: size.width, frameHeight: size.height),
            geometry.cropWidth * geometry.cropHeight <= 1 << 27
        else { throw InputError.refused(mode, width: size.width, height: size.height, path: path) }
        // A damaged opening hides the true first frame: then the container's word for the start is the better one.
        origin = decoder.warnings == 0 ? first : min(first, decoder.announcedStart ?? first)
        self.first = first
        canSeek = decoder.hasTimestamps
        self.decoder = decoder
        self.mode = mode
        self.filter = filter
        self.threads = threads
        self.geometry = geometry
        geometrySource = size
        sampleBits = decoder.currentSampleBits
        info = decoder.info
        width = geometry.cropWidth
        height = geometry.cropHeight
    }

    /// How long the film is, by its packets; read once.
    package func length() throws(InputError) -> VideoLength {
        if let measured { return measured }
        let length = try VideoLength(
            path: info.path, origin: origin, first: first, hasTimestamps: canSeek,
            lastTicks: decoder.currentDuration)
        measured = length
        return length
    }

    /// Damaged packets and frames met since the file was opened.
    package var warnings: Int { earlierWarnings + decoder.warnings }

    /// The frames shown at the given times.
    ///
    /// Times before the first or after the last decodable frame repeat it and are counted in `Clip.paddedFrames`.
    /// - Parameters:
    ///   - timestamps: seconds from the first frame, ascending; within half a tick (at most 1 ms) before a frame
    ///     counts as that frame, since containers round times.
    ///   - isCancelled: asked before every frame; on true the call throws.
    package func frames(
        at timestamps: [Double], isCancelled: () -> Bool = { false }
    ) throws(InputError) -> Clip {
        try check(timestamps)
        let frameBytes = width * height * 3
        let (byteCount, overflow) = frameBytes.multipliedReportingOverflow(by: timestamps.count)
        guard !overflow, byteCount <= 1 << 36 else {
            throw InputError(
                path: info.path, found: "a clip of \(timestamps.count) frames",
                expected: "at most 64 GiB of pixels", remedy: "ask for fewer or smaller frames")
        }
        let warningsBefore = warnings
        wanted = timestamps.map { limit(at: $0) }
        var clip = Clip(
            frameCount: timestamps.count, height: height, width: width,
            pixels: [UInt8](repeating: 0, count: byteCount))
        let repositionAfterFailure = mustReposition
        mustReposition = true
        try decoder.want(wanted)
        for (index, limit) in wanted.enumerated() {
            guard !isCancelled() else { throw InputError.cancelled(info.path) }
            try show(limit, anew: index == 0 && repositionAfterFailure)
            guard let shown = decoder.currentTicks else { throw InputError.noFrame(info.path) }
            if index > 0, clip.ticks == shown {
                clip.repeatFrame(at: index)
            } else {
                try updateGeometry()
                try decoder.convert(
                    as: geometry, filter: filter, into: &clip.pixels, at: index * frameBytes)
            }
            clip.ticks = shown
            clip.timestamps.append(seconds(shown))
            let isAfterEnd =
                decoder.pendingTicks == nil
                && limit >= shown.addingClamped(decoder.currentDuration)
            if limit < first || isAfterEnd { clip.paddedFrames += 1 }
        }
        mustReposition = false
        clip.warnings = warnings - warningsBefore
        return clip
    }
}

// MARK: - Finding frames

extension VideoReader {
    /// Makes the frame shown at `limit` ticks the current one.
    private func show(_ limit: Int64, anew: Bool) throws(InputError) {
        let target = max(limit, first)
        let isBehind = decoder.currentTicks.map { target < $0 } ?? true
        if anew || isBehind {
            try reposition(to: target)
        } else if canSeek, let pending = decoder.pendingTicks, target > pending {
            // A seek pays if a key frame lies between the pending frame and the wanted one.
            let key = decoder.keyFrame(before: target) ?? .min
            let isFar = Double(target - pending) * decoder.tick > Self.unindexedSeekDistance
            if key > pending || (isFar && !decoder.indexCovers(target)) {
                try reposition(to: target)
            }
        }
        while let pending = decoder.pendingTicks, pending <= target {
            _ = try decoder.advance()
        }
    }

    /// Seconds ahead from which seeking is tried in containers without an index.
    private static var unindexedSeekDistance: Double { 10 }

    /// Makes a frame at or before `target` current: a key frame by seeking, else the first one.
    private func reposition(to target: Int64) throws(InputError) {
        if canSeek {
            // Indices hold decoding times and may be coarse: step further back until a key frame fits.
            var back: Int64 = 0
            var step = max(1, Int64(0.5 / decoder.tick))
            while true {
                let goal = max(first, target.subtractingClamped(back))
                guard decoder.seek(to: goal) else { break }
                if try decoder.advance(), let key = decoder.pendingTicks, key <= target {
                    _ = try decoder.advance()
                    return
                }
                if goal == first { break }
                back = back.addingClamped(step)
                step = step.addingClamped(step)
            }
        }
        let restarted = try Decoder(path: info.path, threads: threads)
        try restarted.want(wanted)
        earlierWarnings += decoder.warnings
        decoder = restarted
        guard try decoder.advance() else { throw InputError.noFrame(info.path) }
        _ = try decoder.advance()
    }

    private func updateGeometry() throws(InputError) {
        let size = (width: decoder.currentWidth, height: decoder.currentHeight)
        guard size != geometrySource else { return }
        let target: ResizeMode =
            mode == .original ? .exact(width: width, height: height) : mode
        guard
            let changed = ResizeGeometry(target, frameWidth: size.width, frameHeight: size.height)
        else {
            throw InputError.refused(mode, width: size.width, height: size.height, path: info.path)
        }
        geometry = changed
        geometrySource = size
    }
}

// MARK: - Times

extension VideoReader {
    /// The last tick at which a frame still counts as shown at `time` seconds.
    private func limit(at time: Double) -> Int64 {
        let slack = min(0.5 * decoder.tick, 0.001) + 1e-9
        let ticks = ((time + slack) / decoder.tick).rounded(.down)
        // `check` bounds the time, the container's clock may still be absurd.
        return origin.addingClamped(Int64(exactly: ticks) ?? (ticks < 0 ? .min : .max))
    }

    private func seconds(_ ticks: Int64) -> Double {
        Double(ticks.subtractingClamped(origin)) * decoder.tick
    }

    private func check(_ timestamps: [Double]) throws(InputError) {
        var previous = -Double.infinity
        for time in timestamps {
            guard time.isFinite, abs(time) <= 1e9, time >= previous else {
                throw InputError(
                    path: info.path, found: "the time \(time) s after \(previous) s",
                    expected: "ascending times within 1e9 s", remedy: "sort and check the times")
            }
            previous = time
        }
    }
}

extension Int64 {
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
