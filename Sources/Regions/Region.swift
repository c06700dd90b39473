// SPDX-License-Identifier: Apache-2.0

/// Where something is: a stretch of a video or a part of a picture.
package protocol Region: Sendable, Hashable {
    /// Where it begins: at its left side, or in time.
    var start: Double { get }
    /// Whether every number is finite and the extent positive.
    var isValid: Bool { get }
}
