// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
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
}
