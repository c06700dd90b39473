// SPDX-License-Identifier: Apache-2.0
package import Metrics

/// Which public protocol scores detections.
package enum DetectionProtocol: String, Sendable, CaseIterable {
    /// COCO's twelve numbers, those of pycocotools.
    case coco
    /// AI-TOD's sizes and up to 1,500 detections an image.
    case aiTOD = "ai-tod"
    /// VisDrone's: ignored regions, areas by every point, detections counted an image.
    case visDrone = "visdrone"

    /// The rules of scoring.
    package var rules: BoxProtocol {
        switch self {
        case .coco: .coco
        case .aiTOD: .aiTOD
        case .visDrone: .visDrone
        }
    }
}
