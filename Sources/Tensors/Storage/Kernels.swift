// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation
import Synchronization

/// The instruction level that kernels run at.
package enum InstructionLevel: Int, Sendable, CaseIterable {
    /// What every machine of the architecture has.
    case base = 0
    /// AVX2 with FMA (x86-64-v3).
    case avx2 = 1
    /// AVX-512 F, BW, CD, DQ, VL (x86-64-v4).
    case avx512 = 2

    /// The name that `DR2NET_ISA` and `dr2net info` use.
    package var name: String {
        switch self {
        case .base: "base"
        case .avx2: "avx2"
        case .avx512: "avx512"
        }
    }

    /// The levels that this machine runs, lowest first.
    package static var available: [InstructionLevel] {
        allCases.filter { $0.rawValue <= Int(dr_best_level()) }
    }
}

/// The function tables of the level in force.
package enum Kernels {
    /// `DR2NET_ISA` (base, avx2, avx512) where it names an available level, else the best one.
    package static let defaultLevel: InstructionLevel = {
        let wanted = ProcessInfo.processInfo.environment["DR2NET_ISA"]
        let levels = InstructionLevel.available
        return levels.first { $0.name == wanted } ?? levels.last ?? .base
    }()

    private static let forced = Atomic<Int>(-1)

    /// The level in force.
    package static var level: InstructionLevel {
        InstructionLevel(rawValue: forced.load(ordering: .relaxed)) ?? defaultLevel
    }

    /// Runs `body` with the kernels of `level`; for tests, process-wide.
    package static func withLevel<R>(_ level: InstructionLevel, _ body: () throws -> R) rethrows
        -> R
    {
        let before = forced.exchange(level.rawValue, ordering: .relaxed)
        defer { forced.store(before, ordering: .relaxed) }
        return try body()
    }

    /// The table for a scalar type.
    static func table(_ dtype: DType) -> dr_kernels {
        guard let table = unsafe dr_kernels_at(Int32(level.rawValue), dtype == .float64 ? 1 : 0)
        else {
            fatalError("no kernels at level \(level.name)")
        }
        return unsafe table.pointee
    }
}
