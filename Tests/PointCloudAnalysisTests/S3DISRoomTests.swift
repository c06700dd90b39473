// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Preparation
import Testing

@Suite("S3DIS rooms") struct S3DISRoomTests {
    private func expected() throws -> PointBlock {
        var cloud = try PointFixture.cloud()
        cloud.intensities = nil
        // Chairs, floor, stairs (clutter), in the order of the files' names.
        cloud.labels =
            Array(repeating: 8, count: 6) + Array(repeating: 1, count: 5)
            + Array(repeating: 12, count: 5)
        return cloud
    }

    @Test(arguments: ["room", "room/Annotations"], [4, 1000])
    func labelsComeFromTheFilesNames(folder: String, limit: Int) throws {
        #expect(try PointFixture.read(folder, blocks: limit) == expected())
    }

    private func room(_ files: [String: String], in folder: String) throws {
        for (name, text) in files {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    @Test func junkLinesAreRefusedOrCounted() throws {
        try withFolder { folder in
            try room(
                [
                    "wall_1.txt": """
                    1 2 3 10 20 30
                    1 2 3 185\u{10}187 20 30
                    1 2 3 10 20
                    1 2 3 10 20 256
                    nan 2 3 10 20 30
                    1 2 3 10 20 30 40

                    4 5 6 0 0 255
                    """
                ], in: folder)
            var strict = try S3DISRoom(folder)
            #expect {
                _ = try strict.rest()
            } throws: { error in
                "\(error)".contains("wall_1.txt: line 2: found \"1 2 3 185")
            }
            var lenient = try S3DISRoom(folder, keepsGoing: true)
            let block = try lenient.rest()
            #expect(block.positions == [SIMD3(1, 2, 3), SIMD3(4, 5, 6)])
            #expect(block.colors?[1] == SIMD3(0, 0, 65535) && block.labels == [2, 2])
            #expect(lenient.skippedLines == ["\(folder)/wall_1.txt": 5])
        }
    }

    @Test func foldersThatAreNoRoomsAreOneLine() throws {
        try withFolder { folder in
            #expect { _ = try S3DISRoom(folder) } throws: {
                "\($0)".contains("expected a room of S3DIS")
            }
            try room(["lamp_1.txt": "1 2 3 4 5 6\n"], in: folder)
            #expect { _ = try S3DISRoom(folder) } throws: { "\($0)".contains("the class \"lamp\"") }
        }
        try withFolder { folder in
            try room(["chair_1.txt": "\n"], in: folder)
            var reader = try S3DISRoom(folder)
            #expect { _ = try reader.rest() } throws: { "\($0)".contains("0 points") }
        }
    }

    @Test func aRoomIsOpenedAsItIsPrepared() throws {
        try withFolder { folder in
            try room(
                [
                    "wall_1.txt": "1 2 3 10 20 30\n185\u{10}187 2 3\nx\n",
                    "chair_2.txt": "4 5 6 0 0 255\n1\n", "chair_1.txt": "4 5 6 0 0 255\n",
                ], in: folder)
            var reader = try PointFile.open(folder)
            #expect(try reader.rest().labels == [8, 8, 2])
            #expect(
                reader.notes == [
                    "\(folder)/chair_2.txt: 1 line without a point left out",
                    "\(folder)/wall_1.txt: 2 lines without a point left out",
                ])
            let view = PointView(width: 32, height: 32, direction: .top, coloring: nil)
            let drawing = try view.draw { try PointFile.open(folder, PointReading($0)) }
            #expect(drawing.points == 3 && drawing.notes.count == 2)
            var notes: [String] = []
            let scene = try PointScene.read(folder, grid: 0.1, features: [.color]) {
                notes.append($0)
            }
            #expect(scene.count == 2 && notes == reader.notes)
        }
    }

    @Test func anUnusableRoomIsLeftOutOfItsArea() throws {
        try withFolder { folder in
            for (name, file) in [
                ("hall_1", "wall_1.txt"), ("hall_2", "lamp_1.txt"), ("hall_3", "floor_1.txt"),
                ("hall_4", "wall_1.txt"), ("hall_5", "notes.md"),
            ] {
                let path = "\(folder)/Area_1/\(name)/Annotations"
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
                try room([file: name == "hall_4" ? "\n" : "1 2 3 4 5 6\n2 2 3 4 5 6\n"], in: path)
            }
            // A file that is no text after its first line.
            let broken = "\(folder)/Area_1/hall_3/Annotations/beam_1.txt"
            try Data(Array("9 9 9 0 0 0\n".utf8) + [UInt8](repeating: 65, count: 2 << 20))
                .write(to: URL(fileURLWithPath: broken))
            var reader = try PointFile.open("\(folder)/Area_1")
            #expect(try reader.rest().labels == [2, 2, 3, 1, 1])
            let notes = reader.notes
            #expect(notes.count == 4)
            for text in [
                "hall_2/Annotations: the class \"lamp\"", "hall_4: 0 points",
                "hall_5: no Annotations",
                "beam_1.txt: line 2 has more than",
            ] {
                #expect(notes.contains { $0.contains(text) && $0.contains("left out") }, "\(text)")
            }
            // The area is prepared without them, and the lines are said.
            var said: [String] = []
            let recipe = try DataFixture.recipe(
                folder, "grid: 0.5\nvalidationAreas: [2]", kind: "s3dis")
            let index = try PointPreparation(recipe).run { said += $0.notes }.index
            #expect(index.scenes.map(\.originals) == [5] && said == notes)
            try FileManager.default.removeItem(atPath: "\(folder)/Area_1/hall_1")
            try FileManager.default.removeItem(atPath: "\(folder)/Area_1/hall_3")
            try FileManager.default.removeItem(atPath: "\(folder)/Area_1/hall_4")
            expectLine("no room that can be used") { try PointFile.open("\(folder)/Area_1") }
        }
    }
}
