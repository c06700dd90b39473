// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Preparation
import Testing

@Suite("Files of other formats") struct ForeignFileTests {
    @Test(arguments: [
        ("# .PCD v.7 - Point Cloud Data file format\nVERSION .7\nFIELDS x y z\n", "a PCD file"),
        ("VERSION 0.7\nFIELDS x y z\n", "pcl_pcd2ply"), ("ASTM-E57\u{0}\u{1}", "found E57"),
        ("solid made up\nfacet normal 0 0 1\n", "found STL"), ("PK\u{3}\u{4}rest", "a zip archive"),
        ("1.5 2 3 10 20 30\n", "6 numbers a line (XYZ, TXT)"), ("1200\n1 2 3\n", "(PTS?)"),
        ("# only a comment\n", "found neither LAS, PLY, .npy, OFF nor OBJ"),
    ])
    func areNamedForWhatTheyAre(text: String, expected: String) {
        expectRefused(text, expected)
    }

    private func mesh(_ text: String) throws -> TriangleMesh {
        try TriangleMesh.read(bytes: Array(text.utf8), name: "input")
    }

    private static let off = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    private static let obj = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"

    @Test(arguments: ["", "# a comment\n", "\n# one\n  # two\n\n", "\u{FEFF}", "\u{FEFF}# mark\n"])
    func commentsAndMarksInFrontDoNotMatter(front: String) throws {
        let off = try mesh(front + ForeignFileTests.off)
        #expect(off.triangles == [SIMD3(0, 1, 2)] && off.vertices.count == 3)
        #expect(try mesh(front + ForeignFileTests.obj) == off)
        let long = String(repeating: "# exported by something\n", count: 200)
        #expect(try mesh(front + long + ForeignFileTests.off) == off)
        #expect(try mesh(front + long + ForeignFileTests.obj) == off)
    }

    @Test func compressedCloudsInAFolderAreToldNotPassedOver() throws {
        try withFolder { folder in
            try DataFixture.writeLAS(DataFixture.cloud(500), to: "\(folder)/a.las")
            var compressed = LASSample(format: 3).bytes
            compressed[104] |= 0x80
            try Data(compressed).write(to: URL(fileURLWithPath: "\(folder)/b.laz"))
            func prepare(_ more: String) throws -> PreparedPoints {
                try PointPreparation(
                    DataFixture.recipe(folder, "grid: 0.5\nradius: 2\n" + more)
                ).run()
            }
            let skipped = try prepare("split: {axis: x, at: 5}").index.skipped
            #expect(skipped.map(\.id) == ["b-training", "b-validation"])
            #expect(
                skipped.allSatisfy {
                    $0.reason.contains("b.laz: the points are compressed (LAZ), expected LAS; ")
                        && $0.reason.contains("laspy.read('in.laz').write('out.las')")
                })
            let named = try prepare("training: [a.las]\nvalidation: [b.laz]").index
            #expect(named.scenes.map(\.id) == ["a"] && named.skipped.map(\.id) == ["b"])
        }
    }
}
