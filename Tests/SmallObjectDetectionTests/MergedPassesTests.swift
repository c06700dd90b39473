// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Media
import Metrics
import Regions
import Reversible
import SmallObjectDetection
import Tensors
import Testing

@Suite("Merging of passes") struct MergedPassesTests {
    /// Non-maximum suppression of one pass, class by class, in its plainest form.
    private func suppressed(
        _ pass: [Item<Box>], _ alike: (Box, Box) -> Bool
    ) -> [Item<Box>] {
        var rest = pass.filter(\.isValid).sorted {
            ($1.score, $0.place.x1) < ($0.score, $1.place.x1)
        }
        var kept: [Item<Box>] = []
        while !rest.isEmpty {
            let best = rest.removeFirst()
            kept.append(best)
            rest.removeAll { $0.label == best.label && alike(best.place, $0.place) }
        }
        return kept
    }

    /// Greedy non-maximum merging of detections that know their pass; a pass is never merged with
    /// itself.
    private func merged(
        _ passes: [[Item<Box>]], _ alike: (Box, Box) -> Bool
    ) -> [Item<Box>] {
        typealias Entry = (found: Item<Box>, pass: Int)
        var rest: [Entry] = passes.enumerated().flatMap { pass, list in list.map { ($0, pass) } }
            .sorted { ($1.found.score, $0.found.place.x1) < ($0.found.score, $1.found.place.x1) }
        var result: [Item<Box>] = []
        while !rest.isEmpty {
            let best = rest.removeFirst()
            func repeats(_ other: Entry) -> Bool {
                other.pass != best.pass && other.found.label == best.found.label
                    && alike(best.found.place, other.found.place)
            }
            let group = rest.filter(repeats)
            rest.removeAll(where: repeats)
            var grown = best.found
            for other in group where alike(grown.place, other.found.place) {
                grown.place = Box(
                    x1: min(grown.place.x1, other.found.place.x1),
                    y1: min(grown.place.y1, other.found.place.y1),
                    x2: max(grown.place.x2, other.found.place.x2),
                    y2: max(grown.place.y2, other.found.place.y2))
            }
            result.append(grown)
        }
        return result
    }

    private func overlap(_ similarity: String, _ threshold: Double) -> (Box, Box) -> Bool {
        { a, b in
            let width = max(0, min(a.x2, b.x2) - max(a.x1, b.x1))
            let height = max(0, min(a.y2, b.y2) - max(a.y1, b.y1))
            let whole =
                similarity == "ios" ? min(a.area, b.area) : a.area + b.area - width * height
            return width * height > 0 && width * height / whole >= threshold
        }
    }

    @Test(
        "is suppression in each pass, then greedy merging between passes",
        arguments: [("ios", 0.5), ("iou", 0.4)])
    func mergesBetweenPasses(similarity: String, threshold: Double) throws {
        let fixture = try DetectionFixture()
        func inference(_ overrides: [String]) throws -> TiledInference {
            let recipe = try fixture.recipe(
                overrides + [
                    "inference.scoreThreshold=0.001", "inference.maxDetections=100000",
                    "inference.candidatesPerLevel=80",
                ])
            return TiledInference(
                try PyramidDetector.make(recipe, classes: 2).detector, recipe,
                .inference.running(.frozen))
        }
        // At IoU 1 suppression leaves a pass's candidates as the head gives them.
        let raw = try inference(["inference.merge=nms", "inference.threshold=1"])
        let image = try ImageBands(fixture.path + "/0.png")
        let passes = try raw.passes(width: image.info.width, height: image.info.height).map {
            try raw.detections(image, $0)
        }
        let alike = overlap(similarity, threshold)
        let expected = merged(passes.map { suppressed($0, alike) }, alike)
        let found = try inference([
            "inference.merge=nmm", "inference.similarity=\(similarity)",
            "inference.threshold=\(threshold)",
        ]).detections(in: fixture.path + "/0.png")
        #expect(passes.map(\.count).min() ?? 0 > 40 && expected.count > 5)
        #expect(found.map(\.score) == expected.map(\.score))
        #expect(found == expected)
    }

    /// A picture of 1600 x 1200 with objects on a grid; a head's candidates of its tiles, a score of
    /// which lies around each object, some no larger than a part of it.
    @Test("a head's candidates don't grow to hulls") func candidatesDoNotGrow() {
        let key = RandomKey(seed: 3)
        let tiling = Tiling(size: 640, overlap: 160)
        var truths: [AnnotatedBox] = []
        for row in 0..<12 {
            for column in 0..<16 {
                let one = key.child("object").child(16 * row + column)
                truths.append(
                    AnnotatedBox(
                        Item(
                            Rectangle(
                                x: 100 * Double(column) + 40 * one.uniform(0),
                                y: 100 * Double(row) + 40 * one.uniform(1),
                                width: 30 + 20 * one.uniform(2), height: 30 + 20 * one.uniform(3)),
                            label: column % 2), area: 1600, isCrowd: false))
            }
        }
        let passes = tiling.tiles(width: 1600, height: 1200).enumerated().map { pass, tile in
            truths.enumerated().flatMap { object, truth in
                (0..<20).compactMap { number -> Item<Box>? in
                    let one = key.child(pass).child(object).child(number)
                    // The first few lie well, the last ones anywhere about the object.
                    let spread = 0.03 * Double(number + 1)
                    func side(_ index: Int) -> Double { spread * (one.uniform(index) - 0.5) }
                    let box = Box(
                        x1: max(
                            Double(tile.x), truth.item.place.x + side(0) * truth.item.place.width),
                        y1: max(
                            Double(tile.y), truth.item.place.y + side(1) * truth.item.place.height),
                        x2: min(
                            Double(tile.x + 640),
                            truth.item.place.x + (1 + side(2)) * truth.item.place.width),
                        y2: min(
                            Double(tile.y + 640),
                            truth.item.place.y + (1 + side(3)) * truth.item.place.height))
                    let exact = Box(
                        x1: truth.item.place.x, y1: truth.item.place.y,
                        x2: truth.item.place.x + truth.item.place.width,
                        y2: truth.item.place.y + truth.item.place.height)
                    let score = 0.9 * box.intersectionOverUnion(exact) + 0.1 * one.uniform(4)
                    return box.isValid && score > 0.1
                        ? Item(box, label: truth.item.label, score: score) : nil
                }
            }
        }
        func score(_ found: [Item<Box>]) -> Double {
            BoxAveragePrecision(.visDrone).evaluate(
                groundTruth: truths,
                predictions: found.map {
                    Item(
                        Rectangle(
                            x: $0.place.x1, y: $0.place.y1, width: $0.place.width,
                            height: $0.place.height),
                        label: $0.label, score: $0.score)
                }, labels: 2
            ).averagePrecision()
        }
        let merge = BoxSuppression(
            .merge, by: .intersectionOverSmaller, threshold: 0.5, maximumCount: 500)
        var suppress = merge
        suppress.method = .suppress
        let hulls = score(merge(passes.flatMap { merge($0) }))
        let apart = score(suppress(passes.flatMap { suppress($0) }))
        let joined = score(merge(passes.flatMap { merge.insidePass($0) }))
        #expect(hulls < 0.3, "\(hulls)")
        #expect(apart > 0.5 && joined > 0.9 * apart, "\(joined), suppressed \(apart)")
    }
}
