// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import Regions

/// A case that pycocotools scored; see `Tests/Fixtures/Detection/boxes.py`.
struct BoxFixture {
    let truths: [AnnotatedBox]
    let predictions: [Item<Rectangle>]
    let classNames: [String]
    let expected: Scores

    struct Scores: Decodable {
        let `protocol`: String
        let summary: [String: Double]
        let perClass: [String: Double]
        let errors: Errors?
    }

    /// What tidecv found.
    struct Errors: Decodable {
        struct Cost: Decodable {
            let count: Int
            let averagePrecision: Double

            private enum CodingKeys: String, CodingKey {
                case count
                case averagePrecision = "AP50"
            }
        }
        let averagePrecision: Double
        let classification, localization, both, duplicate, background, missed: Cost

        private enum CodingKeys: String, CodingKey {
            case averagePrecision = "AP50"
            case classification, localization, both, duplicate, background, missed
        }

        func cost(_ kind: BoxErrorBreakdown.Kind) -> Cost {
            switch kind {
            case .classification: classification
            case .localization: localization
            case .both: both
            case .duplicate: duplicate
            case .background: background
            case .missed: missed
            }
        }
    }

    private struct Truth: Decodable {
        struct Named: Decodable {
            let id: Int
            let name: String?
        }
        struct Annotation: Decodable {
            let imageId, categoryId, iscrowd: Int
            let bbox: [Double]
            let area: Double
        }
        let images, categories: [Named]
        let annotations: [Annotation]
    }

    private struct Prediction: Decodable {
        let imageId, categoryId: Int
        let bbox: [Double]
        let score: Double
    }

    init(_ name: String) throws {
        func read<T: Decodable>(_ part: String) throws -> T {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("Fixtures/Detection")
            let data = try Data(contentsOf: folder.appendingPathComponent("\(name).\(part).json"))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(T.self, from: data)
        }
        let truth: Truth = try read("truth")
        let guesses: [Prediction] = try read("predictions")
        expected = try read("scores")
        func positions(_ ids: [Int]) -> [Int: Int] {
            Dictionary(uniqueKeysWithValues: ids.sorted().enumerated().map { ($1, $0) })
        }
        let images = positions(truth.images.map(\.id))
        let labels = positions(truth.categories.map(\.id))
        classNames = truth.categories.sorted { $0.id < $1.id }.map { $0.name ?? "" }
        truths = truth.annotations.map {
            AnnotatedBox(
                Item(
                    Rectangle(x: $0.bbox[0], y: $0.bbox[1], width: $0.bbox[2], height: $0.bbox[3]),
                    label: labels[$0.categoryId] ?? -1, in: images[$0.imageId] ?? -1),
                area: $0.area, isCrowd: $0.iscrowd == 1)
        }
        predictions = guesses.map {
            Item(
                Rectangle(x: $0.bbox[0], y: $0.bbox[1], width: $0.bbox[2], height: $0.bbox[3]),
                label: labels[$0.categoryId] ?? -1, score: $0.score, in: images[$0.imageId] ?? -1)
        }
    }
}
