// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// A window of a film at a constant rate.
package struct ClipRequest: Sendable, Hashable {
    /// The video's file.
    package let path: String
    /// Seconds from the film's first frame; what lies outside of the film repeats its first or last frame.
    package let start: Double
    /// Frames of the clip.
    package let frameCount: Int
    /// Frames per second.
    package let rate: Double

    /// A clip of a file.
    package init(path: String, start: Double, frameCount: Int, rate: Double) {
        precondition(
            frameCount >= 0 && rate > 0 && rate.isFinite,
            "\(frameCount) frames at \(rate) a second")
        self.path = path
        self.start = start
        self.frameCount = frameCount
        self.rate = rate
    }

    /// Seconds at which each frame is taken.
    package var timestamps: [Double] { (0..<frameCount).map { start + Double($0) / rate } }
}

/// Decodes clips ahead on a thread of its own, in order, never more than a bounded number.
///
/// At most `capacity` clips exist at a time (waiting or being decoded), besides those handed out. Cancelling, or
/// releasing the loader, ends the thread's work before it returns; meanwhile decoding goes on to the next wanted frame at most.
package final class ClipLoader: Sendable {
    private let queue: BoundedQueue<Result<Clip, InputError>>

    /// Starts decoding.
    /// - Parameters:
    ///   - requests: asked for one at a time as places get free, so it may be endless.
    ///   - capacity: clips decoded ahead, 1 or more.
    ///   - threads: decoding threads of each film.
    ///   - openFilms: films kept open between requests; the least recently used one is closed.
    package init(
        _ requests: some Sequence<ClipRequest> & Sendable, resize: ResizeMode,
        filter: ResizeFilter = .bilinear, capacity: Int = 2, threads: Int = 1, openFilms: Int = 4
    ) {
        let queue = BoundedQueue<Result<Clip, InputError>>(capacity: capacity)
        self.queue = queue
        let thread = Thread {
            var readers = ReaderCache(
                capacity: openFilms, resize: resize, filter: filter, threads: threads)
            var remaining = requests.makeIterator()
            while queue.reserve() {
                guard let request = remaining.next() else { break }
                queue.push(
                    Result { () throws(InputError) -> Clip in
                        try readers.reader(for: request.path)
                            .frames(at: request.timestamps) { queue.isCancelled }
                    })
            }
            readers.removeAll()
            queue.finish()
        }
        thread.name = "dr2net.clips"
        thread.stackSize = 4 << 20
        thread.start()
    }

    deinit { cancel() }

    /// The clip of the next request, waiting if it is not decoded yet; nil after the last or when cancelled.
    ///
    /// A request that fails throws and leaves the following ones to the next calls.
    package func next() throws(InputError) -> Clip? { try queue.pop()?.get() }

    /// Ends the decoding and waits for the thread to let go of its films.
    ///
    /// `next` then returns nil.
    package func cancel() {
        queue.cancel()
        queue.waitUntilFinished()
    }

    /// Most clips that waited or were decoded at one time.
    package var peakClipCount: Int { queue.peakCount }
}

/// The films opened last, a few of them.
struct ReaderCache {
    let capacity: Int
    let resize: ResizeMode
    let filter: ResizeFilter
    let threads: Int
    /// The most recently used last.
    private(set) var readers: [VideoReader] = []

    init(capacity: Int, resize: ResizeMode, filter: ResizeFilter, threads: Int) {
        precondition(capacity >= 1, "a cache of \(capacity) films")
        self.capacity = capacity
        self.resize = resize
        self.filter = filter
        self.threads = threads
    }

    mutating func reader(for path: String) throws(InputError) -> VideoReader {
        if let index = readers.firstIndex(where: { $0.info.path == path }) {
            readers.append(readers.remove(at: index))
            return readers[readers.count - 1]
        }
        if readers.count == capacity { readers.removeFirst() }
        let reader = try VideoReader(path: path, resize: resize, filter: filter, threads: threads)
        readers.append(reader)
        return reader
    }

    mutating func removeAll() { readers = [] }
}
