// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import PointCloudAnalysis
import Preparation
import Tensors
import Testing

@Suite("Shapes") struct ShapeSamplerTests {
    /// An axis-aligned box as OFF.
    private func box(_ size: SIMD3<Double>) -> String {
        let corners = (0..<8).map { (corner: Int) -> String in
            let place = (0..<3).map { (axis: Int) -> Double in
                corner >> axis & 1 == 1 ? size[axis] : 0
            }
            return place.map { String($0) }.joined(separator: " ")
        }
        let faces = ["0 1 3 2", "4 5 7 6", "0 1 5 4", "2 3 7 6", "0 2 6 4", "1 3 7 5"]
        return "OFF\n8 6 0\n" + corners.joined(separator: "\n") + "\n"
            + faces.map { "4 \($0)" }.joined(separator: "\n") + "\n"
    }

    private func modelNet(_ folder: String) throws {
        for (name, text) in [
            ("plate/train/a", box(SIMD3(4, 4, 0.1))), ("plate/train/b", box(SIMD3(9, 3, 0.1))),
            ("plate/test/c", box(SIMD3(5, 6, 0.1))), ("rod/train/d", box(SIMD3(0.1, 5, 0.1))),
            ("rod/test/e", box(SIMD3(0.1, 9, 0.1))),
        ] {
            let path = "\(folder)/\(name).off"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try AtomicFile.write(text, to: path)
        }
    }

    private func prepared(_ folder: String, _ more: String = "") throws -> PreparedPoints {
        try PointPreparation(
            DataFixture.recipe(folder, "surfacePoints: 300\npoints: 64\n" + more, kind: "modelnet")
        ).run()
    }

    @Test func classesAndSubsetsAreTheFolders() throws {
        try withFolder { folder in
            try modelNet(folder)
            let prepared = try prepared(folder)
            #expect(prepared.index.classes.names == ["plate", "rod"])
            #expect(prepared.index.counts(.training) == [2, 1])
            #expect(prepared.index.counts(.validation) == [1, 1])
            let points = try prepared.load(try #require(prepared.shapes(.validation).last))
            #expect(points.count == 300)
            let height = points.map(\.y).max().map { $0 - (points.map(\.y).min() ?? 0) }
            #expect((height ?? 0) > 8.5 && (height ?? 10) <= 9)
            try AtomicFile.write("OFF\n3 1 0\n0 0 0\n", to: "\(folder)/rod/train/f.off")
            let again = try self.prepared(folder)
            #expect(again.index.skipped.map(\.id) == ["rod_train_f"])
            try AtomicFile.write(box(SIMD3(1, 1, 1)), to: "\(folder)/rod/g.off")
            expectLine("CLASS/train") { try self.prepared(folder) }
        }
    }

    @Test(arguments: [PointSampling.Choice.random, .farthest])
    func samplesLieInTheUnitBallAndRepeat(choice: PointSampling.Choice) throws {
        try withFolder { folder in
            try modelNet(folder)
            let prepared = try prepared(folder)
            let sampling = PointSampling(
                points: 64, features: [.position, .height], choice: choice)
            func sampler(_ augmentation: PointAugmentation) -> ShapeSampler {
                ShapeSampler(
                    prepared, subset: .training, sampling: sampling, augmentation: augmentation,
                    seed: 1)
            }
            let plain = sampler(.none)
            #expect(plain.count == 3)
            for number in 0..<3 {
                let sample = try plain.sample(number, epoch: 2)
                let again = try plain.sample(number, epoch: 2)
                #expect(sample.features.isIdentical(to: again.features))
                #expect(sample.numbers != (try plain.sample(number, epoch: 3)).numbers)
                #expect(sample.labels == [plain.label(number)] && sample.own == 64)
                #expect(Set(sample.numbers).count == 64)
                let lengths = sample.positions.map { ($0 * $0).sum().squareRoot() }
                #expect(abs((lengths.max() ?? 0) - 1) < 1e-5)
                let sum = sample.positions.reduce(SIMD3<Float>()) { $0 + $1 } / 64
                #expect((sum * sum).sum() < 1e-8)
                let values = sample.features.floats
                let lowest = sample.positions.map(\.y).min() ?? 0
                for row in 0..<64 {
                    #expect(values[4 * row] == sample.positions[row].x)
                    #expect(values[4 * row + 3] == sample.positions[row].y - lowest)
                }
            }
            var turn = PointAugmentation.none
            turn.rotation = .y
            let turned = try sampler(turn).sample(0, epoch: 0)
            #expect(turned.positions != (try plain.sample(0, epoch: 0)).positions)
            #expect(turned.positions.map(\.y) == (try plain.sample(0, epoch: 0)).positions.map(\.y))
            let test = try sampler(turn).evaluationSample(0)
            #expect(test.positions == (try plain.evaluationSample(0)).positions)
        }
    }

    @Test func fewPointsAreRepeated() {
        let sampling = PointSampling(points: 10, features: [.position])
        let sample = sampling.evaluationSample(of: [SIMD3(0, 0, 0), SIMD3(2, 0, 0), SIMD3(0, 1, 0)])
        #expect(sample.own == 3 && sample.numbers == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
        let one = sampling.evaluationSample(of: [SIMD3(5, 5, 5), SIMD3(5, 5, 5)])
        #expect(one.positions.allSatisfy { $0 == SIMD3(0, 0, 0) })
    }

    @Test func scanObjectArraysNeedTheirConversion() throws {
        try withFolder { folder in
            func prepare() throws -> PreparedPoints {
                try PointPreparation(
                    DataFixture.recipe(
                        folder, "surfacePoints: 20\npoints: 16", kind: "scanobjectnn")
                ).run()
            }
            expectLine("h5py") { try prepare() }
            for (name, count) in [("training", 4), ("test", 2)] {
                try Npy.write(
                    Tensor(normal: [count, 32, 3], key: RandomKey(seed: 1)),
                    to: "\(folder)/\(name)_points.npy")
                try Npy.write(
                    IntegerArray((0..<count).map { Int64($0 * 3) }, shape: [count]),
                    to: "\(folder)/\(name)_labels.npy")
            }
            let prepared = try prepare()
            #expect(prepared.index.classes.count == 15)
            #expect(prepared.shapes(.training).map(\.label) == [0, 3, 6, 9])
            #expect(prepared.shapes(.validation).map(\.label) == [0, 3])
            let points = try prepared.load(prepared.shapes(.training)[3])
            let all = Tensor(normal: [4, 32, 3], key: RandomKey(seed: 1)).rows(3..<4).floats
            #expect(points.flatMap { [$0.x, $0.y, $0.z] } == Array(all.prefix(60)))
            try Npy.write(IntegerArray([0, 15], shape: [2]), to: "\(folder)/test_labels.npy")
            expectLine("class 15") { try prepare() }
            try Npy.write(IntegerArray([0], shape: [1]), to: "\(folder)/test_labels.npy")
            expectLine("[N, P, 3]") { try prepare() }
        }
    }
}
