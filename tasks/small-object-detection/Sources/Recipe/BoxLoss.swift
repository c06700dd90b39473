// SPDX-License-Identifier: Apache-2.0

/// What a regressed box is measured by.
package enum BoxLoss: Sendable, Hashable {
    /// 1 - IoU.
    case iou
    /// 1 - GIoU (Rezatofighi et al., CVPR 2019).
    case giou
    /// 1 - DIoU (Zheng et al., AAAI 2020).
    case diou
    /// 1 - NWD (Xu et al., ISPRS Journal 2022), C in pixels.
    case nwd(constant: Double)
}
