// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import PointCloudAnalysis
import Recipes
import Tensors
import Testing
import Training

@Suite("Ground level") struct GroundLevelTests {
    /// A floor at 100 with ground below 1 and things above, 20 x 20.
    private func cloud(_ count: Int, seed: UInt64 = 3) -> PointBlock {
        let key = RandomKey(seed: seed)
        let positions = (0..<count).map { point in
            let isHigh = point % 3 == 0
            let height = key.uniform(3 * point + 2) * (isHigh ? 4 : 0.2) + (isHigh ? 1 : 0)
            return SIMD3<Double>(
                (key.uniform(3 * point) * 20480).rounded(.down) / 1024,
                (key.uniform(3 * point + 1) * 20480).rounded(.down) / 1024,
                100 + (height * 1024).rounded(.down) / 1024)
        }
        return PointBlock(
            positions: positions, labels: positions.map { $0.z < 101 ? 2 : 6 })
    }

    private func level(_ block: PointBlock) -> Float {
        var scene = PointScene(origin: SIMD3())
        scene.positions = block.positions.map { SIMD3<Float>($0) }
        scene.labels = block.positions.map { _ in PointClasses.ignored }
        return scene.ground(.quantile)
    }

    @Test func aFewStraysDoNotMoveIt() {
        let block = cloud(6000)
        let level = level(block)
        #expect(level >= 100 && level < 100.1)
        let many = (0..<60).map { (number: Int) -> SIMD3<Double> in
            SIMD3(Double(number) / 3, Double(number % 7) * 2.9, 20 + Double(number))
        }
        let cases: [[SIMD3<Double>]] = [
            [SIMD3(3, 4, 20)], [SIMD3(3000, -900, -50)], [SIMD3(3, 4, 20), SIMD3(3, 4.5, 21)], many,
        ]
        for strays in cases {
            var more = block
            more.positions += strays
            let moved: Float = self.level(more) - level
            #expect(abs(moved) < 0.05, "\(strays.count)")
        }
    }

    @Test(arguments: TestCloud.allCases)
    func everyCloudHasOne(cloud: TestCloud) {
        let points = cloud.points()
        let level = DataFixture.scene(points).ground(.quantile)
        #expect(points.contains { $0.z == level })
    }

    @Test func itLiesBelowMostOfASlope() {
        // 40 rows, each a step higher.
        var block = PointBlock(positions: [])
        for x in 0..<400 {
            for y in 0..<40 {
                block.positions.append(SIMD3(Double(x) / 10, Double(y), Double(x / 10)))
            }
        }
        #expect(level(block) <= 2)
    }

    private func recipe(_ folder: String, _ more: String = "") throws -> PointDataRecipe {
        try DataFixture.recipe(
            text: """
                data:
                  source: \(folder)
                  classes: {low: [2], high: [6], spikes: [7]}
                  ignore: [1]
                  training: [a.las]
                  validation: [b.las]
                  grid: 0.05
                  radius: 2
                  features: [position, height]
                \(more)
                """)
    }

    @Test func oneStrayDoesNotMoveTheScoresOfHeights() throws {
        try withFolder { folder in
            try DataFixture.writeLAS(cloud(5000), to: "\(folder)/a.las")
            let block = cloud(5000, seed: 4)
            var stray = block
            stray.positions.append(SIMD3(7, 8, 20))
            stray.labels?.append(2)
            let scores = try [block, stray].map { block -> Double in
                try DataFixture.writeLAS(block, to: "\(folder)/b.las")
                let prepared = try PointPreparation(recipe(folder)).run()
                let height = try #require(PointBaselines(prepared).height)
                return try #require(height.matrix.meanIntersectionOverUnion(without: [2]))
            }
            #expect(scores[0] > 0.95 && abs(scores[1] - scores[0]) < 1e-3, "\(scores)")
        }
    }

    @Test func noiseAndIgnoredPointsAreLeftOutInTrainingAndPrediction() throws {
        try withFolder { folder in
            let block = cloud(3000)
            try DataFixture.writeLAS(block, to: "\(folder)/a.las")
            var noisy = block
            for (code, height) in [(Int32(7), 60.0), (1, 50)] {
                for number in 0..<400 {
                    noisy.positions.append(
                        SIMD3(Double(number % 20), Double(number / 20), height))
                    noisy.labels?.append(code)
                }
            }
            try DataFixture.writeLAS(noisy, to: "\(folder)/b.las")
            let recipe = try recipe(folder)
            let prepared = try PointPreparation(recipe).run()
            func ground(_ subset: PointIndex.Subset) throws -> Double {
                let scene = try prepared.load(try #require(prepared.scenes(subset).first))
                return scene.origin.z + Double(scene.ground(.quantile))
            }
            #expect(try abs(ground(.training) - ground(.validation)) < 0.02)
            let read = try PointScene.read(
                "\(folder)/b.las", grid: 0.05, features: recipe.sampling.features,
                classes: prepared.index.classes)
            #expect(try read.origin.z + Double(read.ground(.quantile)) == ground(.validation))
            // Classes of other numbers are no trouble where a cloud is predicted.
            var other = noisy
            other.labels = noisy.labels?.map { $0 == 6 ? 77 : $0 }
            try DataFixture.writeLAS(other, to: "\(folder)/c.las")
            let foreign = try PointScene.read(
                "\(folder)/c.las", grid: 0.05, features: recipe.sampling.features,
                classes: prepared.index.classes)
            #expect(foreign.ground(.quantile) == read.ground(.quantile))
        }
    }

    @Test func runsOfBeforeKeepTheLowestPoint() throws {
        let sampling = PointSampling(points: 8, features: [.position, .height])
        #expect(sampling.ground == .quantile)
        let data = try JSONEncoder().encode(sampling)
        var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object.removeValue(forKey: "groundRule") as? String == "quantile")
        let old = try JSONDecoder().decode(
            PointSampling.self, from: try JSONSerialization.data(withJSONObject: object))
        #expect(old.ground == .lowest)
        let scene = DataFixture.scene([SIMD3(0, 0, 5), SIMD3(1, 0, -80), SIMD3(2, 0, 6)])
        #expect(scene.ground(.lowest) == -80 && scene.ground(.quantile) == 5)
    }

    @Test func theRecipeSaysIt() throws {
        func resolved(_ text: String) throws -> String {
            let reader = RecipeReader(try RecipeDocument(text: text), dataFolder: "/nowhere")
            _ = try PointDataRecipe(try reader.section("data"))
            return reader.resolved.yaml
        }
        let text = "data:\n  source: /a.las\n  classes: {low: [2]}\n  split: {axis: x, at: 5}\n"
        #expect(try resolved(text + "  features: [height]").contains("ground: quantile"))
        #expect(try resolved(text + "  features: [height]\n  ground: lowest").contains("lowest"))
        #expect(try !resolved(text + "  features: [position]").contains("ground:"))
    }
}
