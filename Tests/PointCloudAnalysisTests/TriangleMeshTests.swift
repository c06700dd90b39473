// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Tensors
import TestSupport
import Testing

@Suite("Meshes and their surfaces") struct TriangleMeshTests {
    @Test(arguments: ["cube.off", "cube_modelnet.off", "cube.obj"])
    func readsACubeOfSquares(name: String) throws {
        let mesh = try TriangleMesh.read(PointFixture.path(name))
        #expect(mesh.vertices.count == 8)
        #expect(mesh.vertices[5] == SIMD3(1, 0, 1))
        // Each square is two triangles, in the file's order.
        #expect(mesh.triangles.count == 12)
        #expect(mesh.triangles[0] == SIMD3(0, 1, 3) && mesh.triangles[1] == SIMD3(0, 3, 2))
        #expect(mesh.triangles[10] == SIMD3(1, 5, 7) && mesh.triangles[11] == SIMD3(1, 7, 3))
    }

    @Test func pointsLieEvenlyOnTheSurface() throws {
        let mesh = try TriangleMesh.read(PointFixture.path("cube.off"))
        let points = try mesh.sample(12_000, key: RandomKey(seed: 1), path: "cube")
        var sides = [Int](repeating: 0, count: 6)
        var mean = SIMD3<Double>()
        for point in points {
            let side = (0..<6).first { abs(point[$0 / 2] - Double($0 % 2)) < 1e-12 }
            sides[try #require(side)] += 1
            #expect(point.min() >= 0 && point.max() <= 1 + 1e-12)
            mean += point / 12_000
        }
        // 2000 expected, 41 the standard deviation.
        #expect(sides.allSatisfy { abs($0 - 2000) < 170 }, "\(sides)")
        #expect((mean - SIMD3(repeating: 0.5)).max() < 0.02)
    }

    @Test func trianglesAreDrawnByTheirArea() throws {
        var mesh = TriangleMesh()
        mesh.vertices = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 9], [3, 0, 9], [0, 3, 9]]
        mesh.triangles = [SIMD3(0, 1, 2), SIMD3(1, 1, 1), SIMD3(3, 4, 5)]
        let points = try mesh.sample(10_000, key: RandomKey(seed: 2), path: "two")
        let large = points.count { $0.z > 1 }
        #expect(abs(large - 9000) < 120, "\(large)")
    }

    @Test func threadsChangeNothing() throws {
        let mesh = try TriangleMesh.read(PointFixture.path("cube.off"))
        try exclusively {
            var results: [[SIMD3<Double>]] = []
            for threads in [1, 2, 3] {
                Parallel.setThreadCount(threads)
                results.append(try mesh.sample(9000, key: RandomKey(seed: 3), path: "cube"))
            }
            Parallel.setThreadCount(0)
            #expect(results[0] == results[1] && results[0] == results[2])
            // A longer sample begins with the shorter one.
            let few = try mesh.sample(10, key: RandomKey(seed: 3), path: "cube")
            #expect(few == Array(results[0][..<10]))
        }
    }

    @Test func badMeshesAreOneLine() {
        expectRefused("OFF\n", "ends where a header is due")
        expectRefused("OFF\n3 x 0\n", "found \"x\", expected the number of faces")
        expectRefused("OFF\n3 1 0\n0 0 0\n0 0 1\n", "ends where a vertex is due")
        expectRefused("OFF\n3 1 0\n0 0 0\n0 0 1\n0 1 0\n3 0 1 3\n", "expected a vertex from 0 to 2")
        expectRefused(
            "OFF\n3 1 0\n0 0 0\n0 0 1\n0 1 0\n3 0 1 -1\n", "expected a vertex from 0 to 2")
        expectRefused("OFF\n3 1 0\n0 0 0\n0 0 1\n0 1 0\n3 0 1\n", "found the end of the line")
        expectRefused(
            "OFF\n3 1 0\n0 0 0\n0 0 1\n0 1 0\n99999999999 0\n", "number of a face's corners")
        expectRefused("OFF\n999999999999999999 1 0\n", "cut short")
        expectRefused("OFF\n1 999999999999999999 0\n0 0 0\n", "cut short")
        expectRefused("OFF\n3 1 0\n0 0 0\n0 0 nan\n0 1 0\n3 0 1 2\n", "expected finite numbers")
        expectRefused("OFF\n3 1 0\n0 0 0\n0 0 0\n0 0 0\n3 0 1 2\n", "an area of 0.0")
        expectRefused("OFF\n1 0 0\n0 0 0\n", "0 triangles")
        expectRefused("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "line 4: a face names vertex 4 of 3")
        expectRefused(
            "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 0\n", "found \"0\", expected a vertex from 1")
        expectRefused("v 0 0 0\nv 1 0 0\nv 0 1 0\nf -4 2 1\n", "from -3 to -1")
        expectRefused("v 0 0 0\nf 1\n", "a face of three corners or more")
        expectRefused("v 0 0\n", "found the end of the line, expected a coordinate")
        expectRefused("v 1e308 0 0\nv -1e308 1e308 0\nv 0 0 1e308\nf 1 2 3\n", "an area of")
        expectRefused("# nothing\n", "found neither LAS, PLY")
        expectRefused("hello\n", "found neither LAS, PLY, .npy, OFF nor OBJ")
        expectRefused("", "the file is empty")
    }
}
