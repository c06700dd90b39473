// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import PointCloudAnalysis
import Tensors
import Testing

@Suite("Covering scenes") struct SceneCoverageTests {
    private func sampling(_ points: Int, visits: Int = 1, votes: Bool = false) -> PointSampling {
        PointSampling(
            points: points, features: [.position],
            spheres: .init(radius: 0.25, count: 1, visits: visits, votes: votes))
    }

    @Test(arguments: TestCloud.allCases, [1, 3])
    func everyPointIsSeenOftenEnough(cloud: TestCloud, visits: Int) {
        let points = cloud.points(500)
        let scene = DataFixture.scene(points)
        // Fewer points than the equal ones of a place, too.
        for limit in [16, 400] {
            var coverage = SceneCoverage(
                scene, sampling: sampling(limit, visits: visits), classes: 2)
            var seen = [Int](repeating: 0, count: points.count)
            while let sample = coverage.next() {
                for row in 0..<sample.own { seen[Int(sample.numbers[row])] += 1 }
                coverage.add(Tensor(zeros: [limit, 2]), of: sample)
            }
            #expect((seen.min() ?? 0) >= visits && coverage.share == 1)
            #expect(coverage.count <= points.count * visits)
            #expect(coverage.labels() == [Int32](repeating: 0, count: points.count))
        }
    }

    @Test func spheresOverlapLittle() {
        let points = TestCloud.random.points(6000)
        var coverage = SceneCoverage(
            DataFixture.scene(points), sampling: sampling(400), classes: 2)
        while coverage.next() != nil {}
        // 15 disjoint spheres would do where space had no corners.
        #expect(coverage.count < 100, "\(coverage.count)")
    }

    @Test func labelsAreThoseOfTheSummedLogits() {
        let points = TestCloud.random.points(600)
        let scene = DataFixture.scene(points)
        var coverage = SceneCoverage(scene, sampling: sampling(100, visits: 2), classes: 3)
        var sums = [Float](repeating: 0, count: 1800)
        let key = RandomKey(seed: 5)
        while let sample = coverage.next() {
            let logits = Tensor(normal: [100, 3], key: key.child(coverage.count))
            let values = logits.floats
            for row in 0..<sample.own {
                for label in 0..<3 {
                    sums[Int(sample.numbers[row]) * 3 + label] += values[row * 3 + label]
                }
            }
            coverage.add(logits, of: sample)
        }
        let expected = (0..<600).map { point in
            Int32((0..<3).max { sums[3 * point + $0] < sums[3 * point + $1] } ?? 0)
        }
        #expect(coverage.labels() == expected)
    }

    @Test func votingChangesSpheresOnlyWhenAskedFor() {
        let scene = DataFixture.scene(TestCloud.random.points(300))
        var turn = PointAugmentation.none
        turn.rotation = .z
        func first(_ votes: Bool) -> [SIMD3<Float>]? {
            var coverage = SceneCoverage(
                scene, sampling: sampling(50, votes: votes), classes: 2, augmentation: turn)
            return coverage.next()?.positions
        }
        var plain = SceneCoverage(scene, sampling: sampling(50), classes: 2)
        #expect(first(false) == plain.next()?.positions && first(true) != first(false))
    }

    @Test(arguments: ["las", "ply"])
    func predictionsAreWrittenInTheFilesNumbers(ending: String) throws {
        try withFolder { folder in
            let block = DataFixture.cloud(900)
            let source = "\(folder)/cloud.las", output = "\(folder)/labelled.\(ending)"
            try DataFixture.writeLAS(block, to: source)
            let scene = try PointScene.read(
                source, grid: 0.4, features: [.position, .color, .intensity])
            #expect(scene.labels.allSatisfy { $0 == PointClasses.ignored })
            let classes = PointClasses(
                names: ["low", "high"], codes: [[2, 3], [6]], ignoredCodes: [1])
            let labels = scene.positions.map { Int32($0.z < 1 ? 0 : 1) }
            let cloud = PredictedCloud(scene, labels: labels, classes: classes)
            let counts = try cloud.write(
                CloudCopy(of: source, to: output, codes: classes.writtenCodes))
            var reader = try PointFile.open(output)
            let written = try reader.rest()
            #expect(
                written.positions == block.positions && written.intensities == block.intensities)
            let codes = try #require(written.labels)
            #expect(
                Set(codes) == [2, 6] && counts == [2, 6].map { code in codes.count { $0 == code } })
            let tree = PointTree(scene.positions)
            for (position, code) in zip(block.positions, codes) {
                let nearest = tree.nearest(to: [SIMD3<Float>(position - scene.origin)], k: 1)
                #expect(code == (labels[Int(nearest.indices[0])] == 0 ? 2 : 6))
            }
            expectLine(".las or .ply") {
                try CloudCopy(of: source, to: "\(folder)/x.txt", codes: [2, 6])
            }
        }
    }

    @Test func aCloudMustHaveWhatTheNetworkSees() throws {
        try withFolder { folder in
            let path = "\(folder)/bare.ply"
            try PLYWriter.write(to: path, contents: []) { try $0.append(DataFixture.cloud(50)) }
            expectLine("no color") { try PointScene.read(path, grid: 1, features: [.color]) }
            expectLine("no intensity") {
                try PointScene.read(path, grid: 1, features: [.intensity])
            }
            #expect(try PointScene.read(path, grid: 100, features: [.position]).count == 1)
            expectLine("larger data.grid") {
                try PointScene.read(path, grid: 1e-6, features: [.position])
            }
        }
    }
}
