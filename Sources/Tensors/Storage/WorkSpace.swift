// SPDX-License-Identifier: Apache-2.0

/// A loop over independent pieces, each with work space of its thread's own.
///
/// The space is taken before the loop, for as many threads as will run, so that what a step counts
/// depends on no scheduling, and a dry run, in which no piece runs, counts it as well.
struct WorkSpace {
    private let storage: TensorStorage
    private let pieces: Int
    private let workers: Int
    /// Bytes of a thread's share, whole cache lines.
    private let stride: Int

    /// Work space of `scalars` of a type for each thread of a loop over `pieces`.
    init(pieces: Int, scalars: Int, _ dtype: DType) {
        self.pieces = pieces
        workers = Parallel.workers(pieces)
        stride = (scalars * dtype.byteSize + 63) / 64 * 64
        storage = TensorStorage(byteCount: workers * stride)
    }

    /// Runs `body` once for each piece, in any order, with the thread's own space, unset.
    func forEach(_ body: (_ piece: Int, _ space: UnsafeMutableRawPointer) -> Void) {
        withExtendedLifetime(storage) {
            let start = unsafe storage.pointer
            Parallel.forEach(pieces, workers: workers) { piece, worker in
                unsafe body(piece, start + worker * stride)
            }
        }
    }
}
