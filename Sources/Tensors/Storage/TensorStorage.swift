// SPDX-License-Identifier: Apache-2.0

/// The memory of one or more tensors: where it is, and who counts it.
///
/// It stays where it was made; a device's memory is another place beside the host's.
///
/// `@unchecked Sendable`: the bytes are written only through a `Tensor` whose storage is uniquely
/// referenced, or before the first `Tensor` over it is returned, as in Swift's own `Array`.
@safe final class TensorStorage: @unchecked Sendable {
    /// Where the bytes are.
    @safe private enum Place {
        /// In the host's memory, of ``StoragePool``.
        case host(UnsafeMutableRawPointer)
        /// Nowhere: a dry run counts them.
        case dry(DryRun)
    }

    private let place: Place
    let byteCount: Int
    private var purpose: StoragePurpose

    /// Unset bytes, of the dry run that the task is in, else of the host.
    init(byteCount: Int, for purpose: StoragePurpose = .values) {
        self.byteCount = byteCount
        self.purpose = purpose
        if let run = DryRun.current {
            run.take(byteCount, purpose)
            place = .dry(run)
        } else {
            place = unsafe .host(StoragePool.allocate(byteCount))
        }
    }

    deinit {
        switch place {
        case .host(let pointer): unsafe StoragePool.release(pointer, bytes: byteCount)
        case .dry(let run): run.give(byteCount, purpose)
        }
    }

    /// Says what the storage is kept for from now on; a dry run tells it apart.
    func keep(for purpose: StoragePurpose) {
        guard case .dry(let run) = place else { return }
        run.give(byteCount, self.purpose)
        self.purpose = purpose
        run.take(byteCount, purpose)
    }

    /// Whether there are no bytes behind the storage.
    var isDry: Bool {
        if case .dry = place { true } else { false }
    }

    /// The first byte.
    ///
    /// - Precondition: not of a dry run.
    var pointer: UnsafeMutableRawPointer {
        switch place {
        case .host(let pointer): return unsafe pointer
        case .dry: preconditionFailure("the values of a dry run's tensor of \(byteCount) bytes")
        }
    }
}
