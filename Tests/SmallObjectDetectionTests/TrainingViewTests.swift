// SPDX-License-Identifier: Apache-2.0
import Regions
import SmallObjectDetection
import Tensors
import Testing

@Suite("Training views") struct TrainingViewTests {
    private static let everything = [
        "augmentation.verticalFlip=true", "augmentation.turns=true",
        "augmentation.scale=[0.8, 1.3]", "augmentation.shift=0.3", "augmentation.mosaic=0.5",
        "augmentation.brightness=0.2", "augmentation.contrast=0.2",
        "augmentation.saturation=0.3", "augmentation.hue=0.05",
    ]

    @Test("the same key gives the same view and bytes, another key others")
    func drawsAreFunctionsOfTheKey() throws {
        let fixture = try DetectionFixture()
        let recipe = try fixture.recipe(Self.everything)
        let images = try fixture.images(recipe), again = try fixture.images(recipe)
        var different = 0
        for number in 0..<8 {
            let key = RandomKey(seed: 3).child(number)
            let view = images.view(0, key: key)
            #expect(view == again.view(0, key: key))
            #expect(try images.pixels(view) == again.pixels(view))
            if view != images.view(0, key: key.child("other")) { different += 1 }
        }
        #expect(different == 8)
    }

    /// A square is bright and all else is dark, so the pixels tell where the boxes must be.
    @Test("boxes follow the pixels through scale, shift, mirrors, turns and mosaics")
    func boxesFollowPixels() throws {
        let fixture = try DetectionFixture()
        let recipe = try fixture.recipe(
            Array(Self.everything.prefix(5)) + ["data.keptArea=0.05"])
        let images = try fixture.images(recipe)
        var seen = 0
        for number in 0..<60 {
            let view = images.view(
                number % images.tiles.samples.count, key: RandomKey(seed: 9).child(number))
            let pixels = try images.pixels(view)
            let found = view.targets(images.split, keptArea: 0.05)
            let boxes = found.objects.map(\.place)
            seen += boxes.count
            for y in 0..<view.size {
                for x in 0..<view.size {
                    let red = pixels[3 * (y * view.size + x)]
                    let (px, py) = (Double(x) + 0.5, Double(y) + 0.5)
                    let isInside = boxes.contains {
                        px > $0.x1 + 1.5 && px < $0.x2 - 1.5 && py > $0.y1 + 1.5
                            && py < $0.y2 - 1.5
                    }
                    let isOutside = (boxes + found.ignored).allSatisfy {
                        px < $0.x1 - 1.5 || px > $0.x2 + 1.5 || py < $0.y1 - 1.5
                            || py > $0.y2 + 1.5
                    }
                    if isInside { #expect(red > 200, "view \(number) at \(x), \(y)") }
                    if isOutside { #expect(red < 150, "view \(number) at \(x), \(y)") }
                }
            }
        }
        #expect(seen > 60)
    }

    @Test("what is cut shorter than the kept area is ignored, not an object")
    func cutObjectsAreIgnored() throws {
        let fixture = try DetectionFixture()
        let images = try fixture.images(try fixture.recipe(["augmentation.horizontalFlip=false"]))
        var view = images.view(0, key: RandomKey(seed: 0))
        // The second square begins at 40 and is 16 wide: 4 of them lie in front of 44.
        view.patches = [
            .init(image: 0, left: 0, top: 0, width: 64, height: 64, x: 44, y: 0, scale: 1)
        ]
        let found = view.targets(images.split, keptArea: 0.8)
        #expect(found.objects.map(\.place) == [Box(x1: 26, y1: 50, x2: 36, y2: 60)])
        #expect(found.ignored == [Box(x1: 0, y1: 20, x2: 12, y2: 36)])
        let loose = view.targets(images.split, keptArea: 0.75)
        #expect(loose.objects.count == 2 && loose.ignored.isEmpty)
    }

    @Test("eight orientations move pixels and boxes alike")
    func orientationsAgree() {
        let size = 5
        for bits in 0..<8 {
            var orientation = Orientation()
            orientation.isTransposed = bits & 1 != 0
            orientation.isFlippedX = bits & 2 != 0
            orientation.isFlippedY = bits & 4 != 0
            var pixels = [UInt8](repeating: 0, count: 3 * size * size)
            let (x, y) = (3, 1)
            pixels[3 * (y * size + x)] = 200
            let moved = orientation.place(pixels, size: size)
            let box = orientation.place(
                Box(x1: Double(x), y1: Double(y), x2: Double(x + 1), y2: Double(y + 1)), size: size)
            #expect(moved[3 * (Int(box.y1) * size + Int(box.x1))] == 200)
            #expect(moved.reduce(0) { $0 + Int($1) } == 200)
            #expect(box.width == 1 && box.height == 1)
        }
    }

    @Test("a grey pixel keeps its hue under saturation and hue, and no change changes nothing")
    func colorKeepsGrey() throws {
        let recipe = try DetectionFixture().recipe([
            "augmentation.saturation=0.9", "augmentation.hue=0.4",
        ]).augmentation
        var pixels: [UInt8] = [90, 90, 90, 200, 30, 30]
        ColorTransform(recipe, key: RandomKey(seed: 5)).apply(to: &pixels)
        #expect(pixels.prefix(3).allSatisfy { abs(Int($0) - 90) <= 1 })
        #expect(Array(pixels.suffix(3)) != [200, 30, 30])
        var same: [UInt8] = [1, 2, 3]
        ColorTransform(.none, key: RandomKey(seed: 5)).apply(to: &same)
        #expect(same == [1, 2, 3])
    }
}
