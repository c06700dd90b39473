// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Testing

@Suite("ClipLoader", .enabled(if: MediaFixtures.canMakeClips))
struct ClipLoaderTests {
    private func requests(_ count: Int) throws -> [ClipRequest] {
        let path = try MediaFixtures.counted()
        return (0..<count).map {
            ClipRequest(path: path, start: Double(($0 * 7) % 30) / 10, frameCount: 4, rate: 10)
        }
    }

    @Test func deliversInOrderWhatTheReaderGives() throws {
        let requests = try requests(12)
        let loader = ClipLoader(requests, resize: .original, capacity: 3)
        let reader = try VideoReader(path: requests[0].path, resize: .original)
        for request in requests {
            let clip = try #require(try loader.next())
            let direct = try reader.frames(at: request.timestamps)
            #expect(clip.shows(direct.pixels))
        }
        #expect(try loader.next() == nil)
        #expect(try loader.next() == nil)
    }

    @Test func neverHoldsMoreThanItsCapacity() throws {
        let loader = ClipLoader(try requests(20), resize: .original, capacity: 2)
        // A slow consumer: the producer gets as far ahead as it is allowed.
        var count = 0
        while try loader.next() != nil {
            Thread.sleep(forTimeInterval: 0.01)
            count += 1
        }
        #expect(count == 20)
        #expect(loader.peakClipCount == 2)
    }

    @Test func leavesNoThreadBehind() throws {
        let path = try MediaFixtures.counted()
        let endless = sequence(
            first: ClipRequest(path: path, start: 0, frameCount: 50, rate: 25),
            next: { $0 })
        let alive = Alive()
        do {
            let loader = ClipLoader(
                Watched(base: Array(endless.prefix(10_000)), alive: alive), resize: .original)
            _ = try loader.next()
            #expect(alive.isAlive)
            loader.cancel()
            #expect(try loader.next() == nil)
        }
        // The thread holds the sequence; it lets go when it ends.
        for _ in 0..<200 where alive.isAlive { Thread.sleep(forTimeInterval: 0.01) }
        #expect(!alive.isAlive)
    }

    @Test func goesOnAfterARequestThatFails() throws {
        var requests = try requests(3)
        requests.insert(
            ClipRequest(path: "/nowhere.mp4", start: 0, frameCount: 1, rate: 1), at: 1)
        let loader = ClipLoader(requests, resize: .original)
        #expect(try loader.next() != nil)
        #expect(throws: InputError.self) { try loader.next() }
        #expect(try loader.next() != nil)
        #expect(try loader.next() != nil)
        #expect(try loader.next() == nil)
    }

    @Test func givesAnEmptyClipForNoFramesAndNothingForNoRequests() throws {
        let path = try MediaFixtures.counted()
        let loader = ClipLoader(
            [ClipRequest(path: path, start: 1, frameCount: 0, rate: 5)], resize: .original)
        #expect(try loader.next()?.frameCount == 0)
        #expect(try ClipLoader([], resize: .original).next() == nil)
    }

    @Test func keepsFewFilmsOpen() throws {
        let source = try MediaFixtures.counted()
        let paths = try (0..<6).map {
            try MediaFixtures.make("film\($0).mp4", ["-i", source, "-c", "copy"])
        }
        let requests = (0..<24).map {
            ClipRequest(path: paths[$0 % 6], start: 1, frameCount: 1, rate: 1)
        }
        let loader = ClipLoader(requests, resize: .original, openFilms: 2)
        var most = 0
        while let clip = try loader.next() {
            #expect(clip.countedFrames == [25])
            let open =
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?
                .compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/self/fd/\($0)")
                }
                .filter { $0.contains("/film") }.count ?? 0
            most = max(most, open)
        }
        #expect(most <= 2)
    }
}

/// Tells whether the sequence it is held by still exists.
private final class Alive: @unchecked Sendable {
    // Weak references are read and written atomically.
    weak var token: Token?
    var isAlive: Bool { token != nil }
}

private final class Token: Sendable {}

private struct Watched: Sequence, Sendable {
    let base: [ClipRequest]
    let token = Token()

    init(base: [ClipRequest], alive: Alive) {
        self.base = base
        alive.token = token
    }

    func makeIterator() -> IndexingIterator<[ClipRequest]> { base.makeIterator() }
}
