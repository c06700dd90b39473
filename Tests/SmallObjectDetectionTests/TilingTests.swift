// SPDX-License-Identifier: Apache-2.0
import Regions
import SmallObjectDetection
import Testing

@Suite("Tiling") struct TilingTests {
    @Test func theLastTilesAreShiftedBack() {
        let tiles = Tiling(size: 400, overlap: 100).tiles(width: 1249, height: 800)
        #expect(tiles.map(\.x).prefix(4) == [0, 300, 600, 849])
        #expect(tiles.map(\.y) == [0, 0, 0, 0, 300, 300, 300, 300, 400, 400, 400, 400])
        #expect(tiles.allSatisfy { $0.width == 400 && $0.height == 400 })
    }

    @Test(arguments: [(1, 1), (400, 400), (401, 399), (700, 1000), (2299, 2472), (20000, 30)])
    func everyPixelIsInATileAndEveryTileInTheImage(width: Int, height: Int) {
        let tiles = Tiling(size: 400, overlap: 100).tiles(width: width, height: height)
        func covers(_ spans: [(Int, Int)], _ length: Int) -> Bool {
            var end = 0
            for (start, size) in spans.sorted(by: { $0.0 < $1.0 }) {
                guard start <= end, start >= 0, start + size <= length else { return false }
                end = max(end, start + size)
            }
            return end == length
        }
        #expect(covers(tiles.map { ($0.x, $0.width) }, width))
        #expect(covers(tiles.map { ($0.y, $0.height) }, height))
        #expect(Set(tiles.map { [$0.x, $0.y] }).count == tiles.count)
    }

    @Test func boxesAreKeptByTheirVisibleShare() {
        let tile = Tiling.Tile(x: 100, y: 50, width: 40, height: 40)
        func box(_ x: Double, _ y: Double) -> AnnotatedBox {
            AnnotatedBox(Item(Rectangle(x: x, y: y, width: 10, height: 10), label: 0), area: 80)
        }
        let boxes = [box(110, 60), box(95, 60), box(94, 60), box(90, 60), box(136, 86)]
        func part(_ width: Double, _ height: Double) -> AnnotatedBox {
            AnnotatedBox(
                Item(Rectangle(x: 0, y: 10, width: width, height: height), label: 0),
                area: 0.8 * width * height)
        }
        let half = Tiling(size: 40, overlap: 0, keptArea: 0.5).parts(boxes, in: tile)
        var small = part(4, 10), corner = part(4, 4)
        (small.isIgnored, corner.isIgnored) = (true, true)
        (corner.item.place.x, corner.item.place.y) = (36, 36)
        var whole = part(10, 10)
        whole.item.place.x = 10
        #expect(
            half == [
                .init(box: whole, position: 0, isHeld: true),
                .init(box: part(5, 10), position: 1, isHeld: true),
                .init(box: small, position: 2, isHeld: false),
                .init(box: corner, position: 4, isHeld: false),
            ])
        let tenth = Tiling(size: 40, overlap: 0).parts(boxes, in: tile)
        #expect(tenth.allSatisfy { $0.isHeld && !$0.box.isIgnored })
    }
}
