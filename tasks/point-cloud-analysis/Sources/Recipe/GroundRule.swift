// SPDX-License-Identifier: Apache-2.0

/// What heights of a scene count from.
package enum GroundRule: String, CaseIterable, Sendable, Codable {
    /// A low quantile on a coarse grid, which a few points far below don't move.
    case quantile
    /// The lowest point: the rule of runs before there was another.
    case lowest
}
