// SPDX-License-Identifier: Apache-2.0
import CFFmpeg
import Files

/// An open file with its decoder: the owner of one C handle.
///
/// Holds the current frame and the pending one that follows it, so that it is known until when the current one is
/// shown. Times are ticks of the stream's clock. Belongs to one thread at a time.
@safe final class Decoder {
    let path: String
    let info: VideoInfo
    private let video: OpaquePointer
    private let turn: FrameTurn
    private let scaler = FrameScaler()
    /// Seconds a tick.
    let tick: Double
    /// Ticks at which the container says that the stream starts.
    let announcedStart: Int64?
    /// Ticks at which the first of all streams starts.
    let contentStart: Int64?

    init(path: String, threads: Int) throws(InputError) {
        var status: Int32 = 0
        // A zero byte would silently cut the path where C reads it.
        guard !path.utf8.contains(0) else {
            throw InputError(
                path: path.replacing("\0", with: "\\0"), found: "a zero byte in the path",
                expected: "a path", remedy: "correct the path")
        }
        let count = Int32(clamping: max(1, min(threads, 64)))
        guard let video = unsafe cff_video_open(path, count, &status) else {
            throw InputError(status: status, path: path, while: "opening it")
        }
        var facts = CFFInfo()
        unsafe cff_video_info(video, &facts)
        unsafe self.video = unsafe video
        self.path = path
        turn = FrameTurn(facts)
        tick = facts.tick
        announcedStart = facts.start == .min ? nil : facts.start
        contentStart = facts.content_start == .min ? nil : facts.content_start
        info = unsafe VideoInfo(
            path: path, facts: facts, codec: String(cString: cff_video_codec(video)),
            container: String(cString: cff_video_container(video)))
    }

    deinit { unsafe cff_video_close(video) }

    /// Whether frames carry times, without which a place cannot be found again by seeking.
    ///
    /// Known after one frame.
    var hasTimestamps: Bool {
        var facts = CFFInfo()
        unsafe cff_video_info(video, &facts)
        return facts.has_timestamps != 0
    }

    var currentTicks: Int64? {
        unsafe cff_video_has_current(video) != 0 ? cff_video_current_ticks(video) : nil
    }
    var pendingTicks: Int64? {
        unsafe cff_video_has_pending(video) != 0 ? cff_video_pending_ticks(video) : nil
    }
    /// How many ticks the current frame is shown.
    var currentDuration: Int64 { unsafe cff_video_current_duration(video) }
    /// Size of the current frame as shown.
    var currentWidth: Int {
        unsafe Int(
            turn.isTransposed ? cff_video_current_height(video) : cff_video_current_width(video))
    }
    var currentHeight: Int {
        unsafe Int(
            turn.isTransposed ? cff_video_current_width(video) : cff_video_current_height(video))
    }
    /// Bits of a sample of the current frame.
    var currentSampleBits: Int { unsafe Int(cff_video_current_bits(video)) }
    var warnings: Int { unsafe Int(cff_video_warnings(video)) }

    /// Makes the pending frame current and decodes the next.
    /// - Returns: whether a frame is pending now.
    func advance() throws(InputError) -> Bool {
        let status = unsafe cff_video_decode(video)
        if status < 0 { throw InputError(status: status, path: path, while: "decoding it") }
        return Int(status) == CFF_FRAME
    }

    /// Goes to the last key frame at or before `ticks`, as far as the container knows, and drops the held frames.
    /// - Returns: whether the container could.
    func seek(to ticks: Int64) -> Bool { unsafe cff_video_seek(video, ticks) >= 0 }

    /// Ticks of the last key frame at or before `ticks`, nil where the container has no index.
    func keyFrame(before ticks: Int64) -> Int64? {
        let found = unsafe cff_video_key_frame(video, ticks)
        return found == .min ? nil : found
    }

    /// Ticks of the last key frame that the container's index knows.
    var indexEnd: Int64? {
        let found = unsafe cff_video_index_end(video)
        return found == .min ? nil : found
    }

    /// Where the packets end: those from a key frame near `ticks` on, or all of a file just opened.
    ///
    /// The decoder is of no use for anything else afterwards.
    /// - Returns: nil where no key frame follows `ticks`.
    func end(from ticks: Int64?) throws(InputError) -> CFFEnd? {
        var end = CFFEnd()
        let status = unsafe cff_video_end(video, ticks ?? .min, &end)
        if ticks != nil, status < 0 { return nil }
        if status < 0 { throw InputError(status: status, path: path, while: "reading its end") }
        return Int(status) == CFF_FRAME ? end : nil
    }

    /// Whether the container's index reaches as far as `ticks`.
    func indexCovers(_ ticks: Int64) -> Bool { unsafe cff_video_index_end(video) >= ticks }

    /// Says which times will be asked for, ascending; frames that nothing needs are then skipped.
    func want(_ ticks: [Int64]) throws(InputError) {
        let status = unsafe cff_video_want(video, ticks, Int32(clamping: ticks.count))
        if status < 0 { throw InputError(status: status, path: path, while: "planning frames") }
    }

    /// Writes the current frame as RGB rows into `bytes` from `offset`.
    func convert(
        as geometry: ResizeGeometry, filter: ResizeFilter, into bytes: inout [UInt8], at offset: Int
    ) throws(InputError) {
        let (width, height) = (geometry.cropWidth, geometry.cropHeight)
        let byteCount = width * height * 3
        precondition(
            offset >= 0 && byteCount > 0 && offset + byteCount <= bytes.count,
            "a frame of \(byteCount) bytes at \(offset) in a clip of \(bytes.count)")
        let window = turn.storedWindow(of: geometry)
        let picture = try unsafe PlanarPicture(currentFrameOf: video, path: path)
        unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            guard let rgb = unsafe bytes.baseAddress.map({ unsafe $0 + offset }) else { return }
            guard !turn.isNone else {
                return unsafe scaler.scale(picture, to: window, filter: filter, into: rgb)
            }
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: byteCount) { stored in
                guard let base = stored.baseAddress else { return }
                unsafe scaler.scale(picture, to: window, filter: filter, into: base)
                unsafe turn.show(
                    base, stride: window.columns.count * 3, width: width, height: height, in: rgb)
            }
        }
    }
}
