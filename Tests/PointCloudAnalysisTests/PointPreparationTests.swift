// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Metrics
import PointCloudAnalysis
import Preparation
import Tensors
import Testing
import Training

@Suite("Preparing points") struct PointPreparationTests {
    /// Voxels of a side by a dictionary: the mean place, the labels, by cube.
    private func bruteForce(
        _ block: PointBlock, _ side: Double, _ inside: (SIMD3<Double>) -> Bool
    ) -> [[Int]: (sum: SIMD3<Double>, intensity: Double, labels: [Int32])] {
        let lower = block.positions.reduce(block.positions[0]) { pointwiseMin($0, $1) }
        var cubes: [[Int]: (sum: SIMD3<Double>, intensity: Double, labels: [Int32])] = [:]
        for (point, position) in block.positions.enumerated() {
            let place = position - lower
            guard inside(place) else { continue }
            let cube = (0..<3).map { Int(place[$0] / side) }
            var entry = cubes[cube] ?? (SIMD3(), 0, [])
            entry.sum += place
            entry.intensity += Double(block.intensities?[point] ?? 0)
            entry.labels.append(block.labels?[point] ?? 0)
            cubes[cube] = entry
        }
        return cubes
    }

    @Test(arguments: ["cloud.las", "cloud.ply"])
    func voxelsAreMeansWithTheMostFrequentClass(file: String) throws {
        try withFolder { folder in
            let block = DataFixture.cloud()
            let path = "\(folder)/\(file)"
            if file.hasSuffix("las") {
                try DataFixture.writeLAS(block, to: path)
            } else {
                try PLYWriter.write(to: path, contents: [.colors, .intensities, .labels]) {
                    try $0.append(block)
                }
            }
            let recipe = try DataFixture.recipe(folder, DataFixture.split)
            let prepared = try PointPreparation(recipe).run()
            #expect(prepared.index.scenes.map(\.id) == ["cloud-training", "cloud-validation"])
            for (entry, isTraining) in zip(prepared.index.scenes, [true, false]) {
                let scene = try prepared.load(entry)
                let cubes = bruteForce(block, 0.5) { ($0.x < 5) == isTraining }
                #expect(scene.count == cubes.count && scene.count == entry.points)
                var order: [[Int]] = []
                for point in 0..<scene.count {
                    let place = SIMD3<Double>(scene.positions[point])
                    let cube = (0..<3).map { Int(place[$0] / 0.5) }
                    order.append(cube)
                    let expected = try #require(cubes[cube])
                    let count = Double(expected.labels.count)
                    let error = place - expected.sum / count
                    #expect((error * error).sum() < 1e-12)
                    #expect(
                        abs(Double(scene.intensities[point]) - expected.intensity / count) < 1e-3)
                    let low = expected.labels.count { $0 == 2 }
                    let high = expected.labels.count { $0 == 6 }
                    let label: Int32 = low + high == 0 ? -1 : low >= high ? 0 : 1
                    #expect(scene.labels[point] == label)
                }
                // The longest axis first, here x, then y, z.
                #expect(
                    zip(order, order.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
                let labels = cubes.values.flatMap(\.labels)
                #expect(entry.originals == labels.count)
                #expect(entry.ignored == labels.count { $0 == 1 })
                #expect(entry.counts == [labels.count { $0 == 2 }, labels.count { $0 == 6 }])
            }
        }
    }

    @Test func filesDoNotDependOnTheSlabs() throws {
        try withFolder { folder in
            try DataFixture.writeLAS(DataFixture.cloud(), to: "\(folder)/cloud.las")
            var files: [[Data?]] = []
            for (name, slab) in [("a", 1 << 20), ("b", 700), ("c", 331)] {
                let recipe = try DataFixture.recipe(
                    folder, DataFixture.split + "\nprepared: \(folder)/\(name)")
                let prepared = try PointPreparation(recipe, slabPoints: slab).run()
                let validation = try #require(prepared.scenes(.validation).first)
                files.append(
                    (prepared.index.scenes.map { prepared.path(of: $0) }
                        + [prepared.originalsPath(of: validation)])
                        .map { FileManager.default.contents(atPath: $0) })
            }
            #expect(
                files[0].allSatisfy { $0 != nil } && files[0] == files[1] && files[0] == files[2])
            let small = try DataFixture.recipe(
                folder, DataFixture.split + "\nprepared: \(folder)/d")
            expectLine("row of voxels") { try PointPreparation(small, slabPoints: 20).run() }
        }
    }

    @Test func eachOriginalPointHasItsNearestVoxel() throws {
        try withFolder { folder in
            let block = DataFixture.cloud(800)
            try DataFixture.writeLAS(block, to: "\(folder)/cloud.las")
            let prepared = try PointPreparation(
                DataFixture.recipe(folder, DataFixture.split)
            ).run()
            let entry = try #require(prepared.scenes(.validation).first)
            let scene = try prepared.load(entry)
            var found: [(Int, Int32)] = []
            try prepared.forEachOriginal(of: entry) { found.append(($0, $1)) }
            let lower = block.positions.reduce(block.positions[0]) { pointwiseMin($0, $1) }
            let inside = block.positions.indices.filter { block.positions[$0].x - lower.x >= 5 }
            #expect(found.count == inside.count)
            for ((voxel, label), point) in zip(found, inside) {
                let place = SIMD3<Float>(block.positions[point] - lower)
                func distance(_ voxel: Int) -> Float {
                    let difference = scene.positions[voxel] - place
                    return (difference * difference).sum()
                }
                let least = (0..<scene.count).reduce(Float.infinity) { min($0, distance($1)) }
                #expect(distance(voxel) == least)
                #expect(label == [1: -1, 2: 0, 6: 1][block.labels?[point]])
            }
            let truth = scene.labels.map { max(0, $0) }
            let matrix = try prepared.confusion(of: entry, predicted: truth)
            #expect(matrix.total == entry.originals - entry.ignored)
            #expect(matrix.points(of: 0) == entry.counts[0])
        }
    }

    @Test func whatIsThereStaysAndWhatChangedIsMadeAgain() throws {
        try withFolder { folder in
            let path = "\(folder)/cloud.las"
            try DataFixture.writeLAS(DataFixture.cloud(500), to: path)
            let recipe = try DataFixture.recipe(folder, DataFixture.split)
            func outcomes() throws -> [String] {
                var lines: [String] = []
                try PointPreparation(recipe).run { event in
                    lines += event.notes
                    switch event.outcome {
                    case .written: lines.append("made")
                    case .known: lines.append("present")
                    case .skipped(let text), .checked(let text): lines.append(text)
                    }
                }
                return lines
            }
            #expect(try outcomes() == ["made", "made"])
            let first = try PreparedPoints(folder: recipe.prepared)
            let index = first.index
            #expect(try outcomes() == ["present", "present"])
            #expect(try PreparedPoints(folder: recipe.prepared).index == index)
            let part = first.path(of: index.scenes[0])
            try AtomicFile.write("cut", to: part)
            expectLine("cloud-training") { try PreparedPoints(folder: recipe.prepared) }
            #expect(try outcomes() == ["made", "present"])
            try DataFixture.writeLAS(DataFixture.cloud(501), to: path)
            #expect(try outcomes() == ["made", "made"])
        }
    }

    @Test func whatCanNotBeUsedIsLeftOutWithItsReason() throws {
        try withFolder { folder in
            let good = DataFixture.cloud(400)
            try DataFixture.writeLAS(good, to: "\(folder)/good.las")
            var bad = good
            bad.labels?[5] = 9
            try DataFixture.writeLAS(bad, to: "\(folder)/unknown.las")
            var equal = good
            equal.positions = good.positions.map { _ in SIMD3(101, 202, 1) }
            try DataFixture.writeLAS(equal, to: "\(folder)/equal.las")
            try PLYWriter.write(to: "\(folder)/bare.ply", contents: []) { try $0.append(good) }
            try AtomicFile.write(
                "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\n"
                    + "property float z\nproperty int label\nend_header\n1 2 3 2\n1 nan 3 6\n",
                to: "\(folder)/nan.ply")
            try AtomicFile.write("LASF, but cut short", to: "\(folder)/short.las")
            let prepared = try PointPreparation(
                DataFixture.recipe(
                    folder,
                    DataFixture.split + "\nfeatures: [position, intensity]"
                        + "\nprepared: \(folder)/out")
            ).run()
            #expect(prepared.index.scenes.map(\.id) == ["good-training", "good-validation"])
            let reasons = Dictionary(
                uniqueKeysWithValues: prepared.index.skipped.map { ($0.id, $0.reason) })
            #expect(reasons.count == 10)
            for (id, text) in [
                ("bare-training", "no class"), ("nan-training", "expected finite numbers"),
                ("equal-training", "all 400 points lie at"),
                ("short-training", "short.las"), ("unknown-validation", "class 9"),
            ] { #expect(reasons[id]?.contains(text) == true, "\(reasons[id] ?? "-")") }
            expectLine("short.las") {
                try PointPreparation(
                    DataFixture.recipe("\(folder)/short.las", DataFixture.split)
                ).run()
            }
        }
    }

    @Test func colorsThatAreAskedForMustBeThere() throws {
        try withFolder { folder in
            var block = DataFixture.cloud(300)
            block.colors = block.colors?.map { _ in SIMD3(0, 0, 0) }
            try DataFixture.writeLAS(block, to: "\(folder)/cloud.las")
            expectLine("all colors are black") {
                try PointPreparation(DataFixture.recipe(folder, DataFixture.split)).run()
            }
        }
    }

    @Test func namedFilesAreSplitByFile() throws {
        try withFolder { folder in
            for (name, seed) in [("a", 1), ("b", 2), ("c", 3)] {
                try DataFixture.writeLAS(
                    DataFixture.cloud(200, seed: UInt64(seed)), to: "\(folder)/\(name).las")
            }
            let recipe = try DataFixture.recipe(
                folder, "training: [a.las, c.las]\nvalidation: [b.las]\ngrid: 0.1")
            let prepared = try PointPreparation(recipe).run()
            #expect(prepared.scenes(.training).map(\.id) == ["a", "c"])
            #expect(prepared.scenes(.validation).map(\.id) == ["b"])
            expectLine("no file d.las") {
                try PointPreparation(
                    DataFixture.recipe(folder, "training: [a.las]\nvalidation: [d.las]"))
            }
        }
    }
}

/// Checks that `body` fails with one line that contains `text`.
func expectLine(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
) {
    do {
        _ = try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch {
        let line = "\(error)"
        #expect(
            line.contains(text) && !line.contains("\n"), "\(line)", sourceLocation: sourceLocation)
    }
}
