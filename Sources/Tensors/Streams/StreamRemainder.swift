// SPDX-License-Identifier: Apache-2.0
import CKernels

/// The coefficients of one branch for one sample: x_i = c·F(x_{i-1}) + α·x_{i-1} + β·x_{i-2}.
public struct StreamCoefficients: Sendable, Hashable {
    /// The weight of the pretrained residual.
    public var alpha: Double
    /// The weight of the reversible residual.
    public var beta: Double
    /// The weight of the branch (with a drop-path factor where there is one).
    public var branch: Double

    /// A triple (α, β, c).
    public init(alpha: Double, beta: Double, branch: Double = 1) {
        self.alpha = alpha
        self.beta = beta
        self.branch = branch
    }
}

/// The remainders that one multiplication by β destroyed, packed.
public struct StreamRemainder: Sendable {
    let storage: TensorStorage
    let bits: [Int]
    let starts: [Int]

    /// Room for the remainders of `groups` eights of scalars a sample.
    init(_ coefficients: [StreamCoefficients], groups: Int) {
        bits = coefficients.map { StreamRemainder.bits(beta: $0.beta) }
        var starts: [Int] = [], total = 0
        for b in bits {
            starts.append(total)
            total += groups * b
        }
        self.starts = starts
        storage = TensorStorage(byteCount: max(1, total), for: .remainders)
    }

    var bytes: UnsafeMutablePointer<UInt8> {
        unsafe storage.pointer.assumingMemoryBound(to: UInt8.self)
    }

    /// Bytes kept.
    public var byteCount: Int { storage.byteCount }

    /// The number of different remainders of round(β·n): none is lost at |β| = 1.
    ///
    /// For an integer m = 1/|β| they are the m residues; otherwise |d| ≤ ⌈1/(2|β|)⌉.
    static func range(beta: Double) -> (lowest: Int, count: Int) {
        let inverse = 1 / abs(beta), whole = inverse.rounded()
        if abs(inverse - whole) < 1e-9 * inverse {
            let m = Int(whole)
            // A tie may go either way where β itself is rounded; a power of two never is.
            let isExact = m & (m - 1) == 0
            if m % 2 == 1 { return (-(m / 2), m) }
            // Ties round up, so their remainder has the sign of -β.
            return isExact ? (beta > 0 ? -(m / 2) : 1 - m / 2, m) : (-(m / 2), m + 1)
        }
        let bound = Int((inverse / 2).rounded(.up))
        return (-bound, 2 * bound + 1)
    }

    /// Bits an element kept for a branch at β: ⌈log₂(range)⌉.
    package static func bits(beta: Double) -> Int {
        let count = range(beta: beta).count
        return count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    }
}
