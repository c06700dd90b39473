// SPDX-License-Identifier: Apache-2.0
import Regions
import Testing

@Suite("Box suppression") struct BoxSuppressionTests {
    /// Random candidates on a coarse grid, so that ties and equal boxes occur.
    private func candidates(_ count: Int, labels: UInt64, seed: UInt64) -> [Item<Box>] {
        var draw = BoxDraw(seed: seed)
        return (0..<count).map { _ in
            Item(
                draw.box(), label: Int(draw.number(below: labels)),
                score: draw.number(below: 20) / 20)
        }
    }

    /// The textbook form, one class at a time.
    private func plain(_ input: [Item<Box>], _ suppression: BoxSuppression) -> [Item<Box>] {
        typealias Entry = (detection: Item<Box>, index: Int)
        func before(_ a: Entry, _ b: Entry) -> Bool {
            Turn(a.detection, a.index) < Turn(b.detection, b.index)
        }
        let all = input.enumerated().map { (detection: $0.element, index: $0.offset) }
            .filter { $0.detection.isValid }
        var result: [Entry] = []
        for label in Set(input.map(\.label)) {
            var rest = all.filter { $0.detection.label == label }.sorted(by: before)
            while !rest.isEmpty {
                var kept = rest.removeFirst()
                let alike = rest.filter {
                    suppression.similarity(kept.detection.place, $0.detection.place)
                        >= suppression.threshold
                }
                rest.removeAll { entry in alike.contains { $0.index == entry.index } }
                if suppression.method == .merge {
                    for entry in alike
                    where suppression.similarity(kept.detection.place, entry.detection.place)
                        >= suppression.threshold
                    {
                        kept.detection.place = kept.detection.place.hull(entry.detection.place)
                    }
                }
                result.append(kept)
            }
        }
        // Kept boxes may have grown: the order is that of the boxes before.
        func original(_ entry: Entry) -> Entry { (input[entry.index], entry.index) }
        return result.sorted { before(original($0), original($1)) }.map(\.detection)
    }

    static let suppressions = [
        BoxSuppression(threshold: 0.5), BoxSuppression(threshold: 0.05),
        BoxSuppression(by: .normalisedWasserstein(constant: 4), threshold: 0.6),
        BoxSuppression(.merge, by: .intersectionOverSmaller, threshold: 0.5),
        BoxSuppression(.merge, by: .intersectionOverUnion, threshold: 0.2),
    ]

    @Test(arguments: suppressions) func equalsTheTextbookForm(_ suppression: BoxSuppression) {
        for seed in 0..<40 {
            let input = candidates(60, labels: 3, seed: UInt64(seed))
            let expected = plain(input, suppression)
            #expect(suppression(input) == expected)
            var limited = suppression
            limited.maximumCount = 7
            #expect(limited(input) == Array(expected.prefix(7)))
        }
    }

    @Test func classesAreApartUnlessAsked() {
        let box = Box(x1: 0, y1: 0, x2: 4, y2: 4)
        let input = [
            Item(box, label: 0, score: 0.5),
            Item(box, label: 1, score: 0.9),
        ]
        var suppression = BoxSuppression(threshold: 0.5)
        #expect(suppression(input) == [input[1], input[0]])
        suppression.classAgnostic = true
        #expect(suppression(input) == [input[1]])
    }

    /// Three parts of one long object, cut by two tiles' borders.
    @Test func mergingJoinsWhatTilesCut() {
        func part(_ x1: Double, _ x2: Double, _ score: Double) -> Item<Box> {
            Item(Box(x1: x1, y1: 0, x2: x2, y2: 10), label: 0, score: score)
        }
        let merge = BoxSuppression(.merge, by: .intersectionOverSmaller, threshold: 0.5)
        let result = merge([part(0, 40, 0.6), part(20, 60, 0.9), part(40, 60, 0.3)])
        #expect(
            result == [
                Item(Box(x1: 0, y1: 0, x2: 60, y2: 10), label: 0, score: 0.9)
            ])
    }

    @Test func invalidCandidatesAreLeftOut() {
        let input = [
            Item(Box(x1: 0, y1: 0, x2: 4, y2: 4), label: 0, score: .nan),
            Item(Box(x1: 4, y1: 0, x2: 0, y2: 4), label: 0, score: 1),
        ]
        #expect(BoxSuppression(threshold: 0.5)(input).isEmpty)
        #expect(BoxSuppression(.merge, threshold: 0.5)([]).isEmpty)
    }
}
