// SPDX-License-Identifier: Apache-2.0

/// The scalar type of a tensor, fixed at run time.
public enum DType: String, Sendable, Hashable {
    /// IEEE binary32: what training runs in.
    case float32
    /// IEEE binary64: what gradients are checked in.
    case float64

    /// Bytes of one scalar.
    public var byteSize: Int { self == .float32 ? 4 : 8 }
}
