// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Regions
import Reports
import SmallObjectDetection
import Testing

@Suite("Drawn boxes") struct BoxDrawingTests {
    @Test("boxes have class and score, and a legend stands below the picture")
    func namesScoresAndLegend() throws {
        let fixture = try DetectionFixture()
        let path = fixture.path + "/drawn.png"
        let detections = [
            Item(Box(x1: 40, y1: 30, x2: 80, y2: 50), label: 1, score: 0.873),
            Item(Box(x1: 5, y1: 50, x2: 20, y2: 60), label: 0, score: 0.5),
        ]
        try BoxDrawing.write(
            fixture.path + "/2.png", truths: [Box(x1: 1, y1: 60, x2: 4, y2: 70)],
            detections: detections, classes: ["car", "van"], to: path)
        let drawn = try ImageReader.read(path)
        // Two lines of the legend, since the picture is narrow.
        #expect(drawn.width == 96 && drawn.height == 72 + 3 * 11 + 2)
        var expected = PNGImage(width: 96, height: 72, color: SIMD3(60, 70, 80))
        BoxDrawing.draw(
            [
                .init(Box(x1: 1, y1: 60, x2: 4, y2: 70), BoxDrawing.truthColor, thickness: 1),
                .init(detections[1].place, BoxDrawing.color(0)),
                .init(detections[0].place, BoxDrawing.color(1)),
            ], on: &expected)
        func label(_ text: String, _ x: Int, _ y: Int, _ label: Int, _ ink: SIMD3<UInt8>) {
            let width = PNGImage.textSize(text).width + 2
            expected.fill(x..<x + width, y..<y + 9, BoxDrawing.color(label))
            expected.write(text, x: x + 1, y: y + 1, color: ink)
        }
        label("car 0.50", 5, 41, 0, SIMD3(255, 255, 255))
        label("van 0.87", 40, 21, 1, SIMD3(0, 0, 0))
        #expect(Array(drawn.pixels.prefix(3 * 96 * 72)) == expected.pixels)
        let whole = expected.adding([
            .init(color: BoxDrawing.color(0), text: "car (1)"),
            .init(color: BoxDrawing.color(1), text: "van (1)"),
            .init(color: BoxDrawing.truthColor, text: "annotated (1)"),
        ])
        #expect(whole.pixels == drawn.pixels)
    }

    @Test("a picture without boxes stays as it is") func nothing() throws {
        let fixture = try DetectionFixture()
        let path = fixture.path + "/drawn.png"
        try BoxDrawing.write(fixture.path + "/2.png", detections: [], classes: ["car"], to: path)
        let drawn = try ImageReader.read(path)
        #expect(try drawn.pixels == ImageReader.read(fixture.path + "/2.png").pixels)
    }
}
