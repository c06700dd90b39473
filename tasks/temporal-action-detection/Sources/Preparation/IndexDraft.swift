// SPDX-License-Identifier: Apache-2.0

extension Preparation.Work {
    /// What the index gets of it.
    func result(
        id: String
    ) -> Result<PreparedFrames.Index.Video, IndexDraft.LeftOut> {
        switch self {
        case .entry(let entry, _): .success(entry)
        case .skipped(let reason): .failure(IndexDraft.LeftOut(id: id, reason: reason))
        }
    }
}

/// An index while its videos are worked on, in any order.
struct IndexDraft {
    /// A video that could not be used.
    struct LeftOut: Error {
        let id: String
        let reason: String
    }

    private let data: TemporalRecipe.Data
    private let leftOut: [PreparedFrames.Index.Skipped]
    private var results: [Result<PreparedFrames.Index.Video, LeftOut>?]

    /// An index of `count` videos beside those left out before.
    init(_ data: TemporalRecipe.Data, leftOut: [PreparedFrames.Index.Skipped], count: Int) {
        self.data = data
        self.leftOut = leftOut
        results = Array(repeating: nil, count: count)
    }

    /// Notes what became of a video.
    mutating func set(_ number: Int, _ result: Result<PreparedFrames.Index.Video, LeftOut>) {
        results[number] = result
    }

    /// What is done so far, in the annotation's order.
    var value: PreparedFrames.Index {
        var index = PreparedFrames.Index(
            rate: data.rate, size: data.size, videos: [], skipped: leftOut)
        for result in results {
            switch result {
            case .success(let video)?: index.videos.append(video)
            case .failure(let video)?:
                index.skipped.append(.init(id: video.id, reason: video.reason))
            case nil: break
            }
        }
        return index
    }
}
