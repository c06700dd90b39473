// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Integers n below 2^50 (value n·2⁻ᶠ) in 4 bytes each while all fit, else in 8.
///
/// They are computed with in float64 mantissas whatever their width, so that the width is no part
/// of any result.
struct FixedPointStream {
    /// The magnitude that no number may reach.
    static let limit = 0x1p50

    private(set) var storage: TensorStorage
    /// Whether a number takes 8 bytes.
    private(set) var isWide: Bool
    /// Numbers.
    let count: Int

    /// Room for `count` numbers.
    init(count: Int, isWide: Bool) {
        self.count = count
        self.isWide = isWide
        storage = TensorStorage(byteCount: count * (isWide ? 8 : 4), for: .streams)
    }

    /// Bytes kept.
    var byteCount: Int { storage.byteCount }

    /// The numbers from one place on.
    func pointer(at place: Int) -> UnsafeMutableRawPointer {
        unsafe storage.pointer + place * (isWide ? 8 : 4)
    }

    /// The width as kernels take it.
    var width: Int32 { isWide ? 1 : 0 }

    /// The same numbers in a storage of its own.
    func copy() -> FixedPointStream {
        let copy = FixedPointStream(count: count, isWide: isWide)
        if storage.isDry { return copy }
        unsafe copy.storage.pointer.copyMemory(from: storage.pointer, byteCount: storage.byteCount)
        return copy
    }

    /// Takes 8 bytes a number from now on.
    mutating func widen(_ kernels: dr_kernels) {
        guard !isWide else { return }
        let wide = FixedPointStream(count: count, isWide: true), narrow = self
        Parallel.forRanges(count, chunk: 1 << 16) { range in
            unsafe kernels.streams_widen(
                narrow.pointer(at: range.lowerBound), wide.pointer(at: range.lowerBound),
                range.count)
        }
        self = wide
    }

    /// Whether the numbers are the same, in whatever width.
    func isIdentical(to other: FixedPointStream) -> Bool {
        func numbers(_ stream: FixedPointStream) -> [Double] {
            (0..<stream.count).map {
                unsafe stream.isWide
                    ? stream.pointer(at: $0).load(as: Double.self)
                    : Double(stream.pointer(at: $0).load(as: Int32.self))
            }
        }
        return numbers(self) == numbers(other)
    }
}
