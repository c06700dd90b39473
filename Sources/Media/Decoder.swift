// SPDX-License-Identifier: Apache-2.0
import CFFmpeg

/// An open file with its decoder: the owner of one C handle.
///
/// Holds the current frame and the pending one that follows it, so that it is known until when the current one is
/// shown. Times are ticks of the stream's clock. Belongs to one thread at a time.
final class Decoder {
    let path: String
    let info: VideoInfo
    private let video: OpaquePointer
    /// Seconds a tick.
    let tick: Double
    /// Ticks at which the container says that the stream starts.
    let announcedStart: Int64?

    init(path: String, threads: Int) throws(MediaError) {
        var status: Int32 = 0
        // A zero byte would silently cut the path where C reads it.
        guard !path.utf8.contains(0) else {
            throw MediaError(
                path: path.replacing("\0", with: "\\0"), found: "a zero byte in the path",
                expected: "a path", remedy: "correct the path")
        }
        let count = Int32(clamping: max(1, min(threads, 64)))
        guard let video = cff_video_open(path, count, &status) else {
            throw MediaError(status: status, path: path, while: "opening it")
        }
        var facts = CFFInfo()
        cff_video_info(video, &facts)
        self.video = video
        self.path = path
        tick = facts.tick
        announcedStart = facts.start == .min ? nil : facts.start
        info = VideoInfo(
            path: path, facts: facts, codec: String(cString: cff_video_codec(video)),
            container: String(cString: cff_video_container(video)))
    }

    deinit { cff_video_close(video) }

    /// Whether frames carry times, without which a place cannot be found again by seeking.
    ///
    /// Known after one frame.
    var hasTimestamps: Bool {
        var facts = CFFInfo()
        cff_video_info(video, &facts)
        return facts.has_timestamps != 0
    }

    var currentTicks: Int64? {
        cff_video_has_current(video) != 0 ? cff_video_current_ticks(video) : nil
    }
    var pendingTicks: Int64? {
        cff_video_has_pending(video) != 0 ? cff_video_pending_ticks(video) : nil
    }
    /// How many ticks the current frame is shown.
    var currentDuration: Int64 { cff_video_current_duration(video) }
    var currentWidth: Int { Int(cff_video_current_width(video)) }
    var currentHeight: Int { Int(cff_video_current_height(video)) }
    var warnings: Int { Int(cff_video_warnings(video)) }

    /// Makes the pending frame current and decodes the next.
    /// - Returns: whether a frame is pending now.
    func advance() throws(MediaError) -> Bool {
        let status = cff_video_decode(video)
        if status < 0 { throw MediaError(status: status, path: path, while: "decoding it") }
        return Int(status) == CFF_FRAME
    }

    /// Goes to the last key frame at or before `ticks`, as far as the container knows, and drops the held frames.
    /// - Returns: whether the container could.
    func seek(to ticks: Int64) -> Bool { cff_video_seek(video, ticks) >= 0 }

    /// Ticks of the last key frame at or before `ticks`, nil where the container has no index.
    func keyFrame(before ticks: Int64) -> Int64? {
        let found = cff_video_key_frame(video, ticks)
        return found == .min ? nil : found
    }

    /// Whether the container's index reaches as far as `ticks`.
    func indexCovers(_ ticks: Int64) -> Bool { cff_video_index_end(video) >= ticks }

    /// Says which times will be asked for, ascending; frames that nothing needs are then skipped.
    func want(_ ticks: [Int64]) throws(MediaError) {
        let status = cff_video_want(video, ticks, Int32(clamping: ticks.count))
        if status < 0 { throw MediaError(status: status, path: path, while: "planning frames") }
    }

    /// Writes the current frame as RGB rows into `bytes` from `offset`.
    func convert(
        as geometry: ResizeGeometry, filter: ResizeFilter, into bytes: inout [UInt8], at offset: Int
    ) throws(MediaError) {
        let byteCount = geometry.cropWidth * geometry.cropHeight * 3
        precondition(
            offset >= 0 && offset + byteCount <= bytes.count,
            "a frame of \(byteCount) bytes at \(offset) in a clip of \(bytes.count)")
        var resize = CFFResize(
            width: Int32(clamping: geometry.width), height: Int32(clamping: geometry.height),
            left: Int32(clamping: geometry.left), top: Int32(clamping: geometry.top),
            crop_width: Int32(clamping: geometry.cropWidth),
            crop_height: Int32(clamping: geometry.cropHeight),
            filter: Int32(filter == .area ? CFF_AREA : CFF_BILINEAR))
        let status = bytes.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return Int32(CFF_SIZE_REFUSED) }
            return cff_video_convert(video, &resize, base + offset)
        }
        if status < 0 { throw MediaError(status: status, path: path, while: "scaling a frame") }
    }
}
