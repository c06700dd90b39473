// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Foundation
import Layers
import Optimizers
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("ActionFormer head") struct ActionFormerHeadTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/ActionFormer").path

    /// The cases of `make_actionformer.py`.
    enum Case: String, CaseIterable {
        case thumos, anet

        var configuration: ActionFormerConfiguration {
            var result = ActionFormerConfiguration(
                inputWidth: 6, classCount: self == .thumos ? 3 : 1)
            result.channels = 8
            result.heads = 2
            result.stemBlocks = 1
            result.windows = self == .thumos ? [5, 5, 5] : [5, 5, -1]
            result.rangeBounds = [0, 4, 8, 10_000]
            result.initialNormalizer = 20
            result.candidatesPerLevel = 50
            if self == .anet {
                result.positions = 24
                result.labelSmoothing = 0.1
                result.regressionWeight = 2
            }
            return result
        }

        var layouts: [WindowLayout] {
            (self == .thumos ? [32, 21] : [24, 24]).map { WindowLayout(validLength: $0) }
        }

        var targets: [[Item<Segment>]] {
            let segments = [
                [(2.3, 6.1), (5.2, 9.9), (1.0, 20.5), (11.7, 13.0)],
                [(0.4, 7.3), (4.0, 10.9), (4.0, 10.9)],
            ]
            return zip(segments, [[0, 2, 1, 2], [1, 0, 2]]).map { segments, labels in
                zip(segments, labels).map {
                    Item(Segment(start: $0.0, end: $0.1), label: $1 % configuration.classCount)
                }
            }
        }
    }

    private func head(_ one: Case) throws -> (ActionFormerHead, StateDict) {
        let head = ActionFormerHead(one.configuration, key: RandomKey(seed: 1))
        let weights = try Safetensors.read("\(Self.folder)/\(one.rawValue).weights.safetensors")
        let own = head.namedParameters.filter { $0.name != "loss_normalizer" }
        #expect(Set(own.map(\.name)) == Set(weights.names))
        for entry in own {
            let tensor = try #require(weights[entry.name], "\(entry.name)")
            #expect(tensor.shape == entry.parameter.shape, "\(entry.name)")
            entry.parameter.tensor = tensor
        }
        head.convert(to: .float64)
        return (
            head, try Safetensors.read("\(Self.folder)/\(one.rawValue).expected.safetensors")
        )
    }

    /// Both samples behind each other, zeros after the shorter one.
    private func batch(_ one: Case, _ expected: StateDict) throws -> Tensor {
        let parts = try (0..<2).map { index in
            let input = try #require(expected["input.\(index)"])
            return Variable(input.reshaped(to: [1] + input.shape))
                .padded(to: one.layouts[0].validLength, axis: 1).tensor
        }
        return .joiningRows(parts)
    }

    @Test(arguments: Case.allCases)
    func logitsAndOffsetsArePublished(_ one: Case) throws {
        let (head, expected) = try head(one)
        let output = head.forward(
            Variable(try batch(one, expected)), layouts: one.layouts, .inference)
        let logits = try #require(expected["logits"]), offsets = try #require(expected["offsets"])
        // The published table of sines is in float32.
        let limit = one == .anet ? 2e-7 : 1e-9
        #expect(relativeError(output.logits.tensor, logits) < limit)
        #expect(relativeError(output.offsets.tensor, offsets) < limit)
    }

    /// The published code works its losses out in float32.
    @Test(arguments: Case.allCases)
    func lossesAndGradientsArePublished(_ one: Case) throws {
        let (head, expected) = try head(one)
        let tape = Tape()
        let input = tape.input(try batch(one, expected))
        // Drop path would draw: a rate of nothing keeps the learned scales.
        let context = Context(tape: tape)
        let before = try value("loss_normalizer", expected)
        let normalizer = try #require(
            head.namedParameters.first { $0.name == "loss_normalizer" }?.parameter)
        normalizer.tensor = Tensor([before], shape: [1])
        let losses = head.losses(
            features: input, targets: one.targets, layouts: one.layouts, context: context)
        let parts = Dictionary(uniqueKeysWithValues: losses.named.map { ($0.name, $0.value) })
        for name in ["classification", "regression"] {
            let wanted = try value("loss.\(name)", expected)
            #expect(abs((parts[name] ?? 0) / wanted - 1) < 2e-6, "\(name)")
        }
        #expect(abs(losses.total.tensor.item / (try value("loss.total", expected)) - 1) < 2e-6)
        tape.backward(from: losses.total)
        let gradient = try #require(tape.gradient(of: input))
        for (index, layout) in one.layouts.enumerated() {
            let wanted = try #require(expected["gradient.input.\(index)"])
            let found = gradient.rows(index..<index + 1).reshaped(to: [-1, 6])
                .rows(0..<layout.validLength)
            #expect(relativeError(found, wanted) < 1e-5)
        }
        let names = expected.names.filter { $0.hasPrefix("gradient.") }
        let largest = names.flatMap { expected[$0]?.doubles.map(abs) ?? [] }.max() ?? 0
        for entry in head.namedParameters where entry.parameter.isTrainable {
            let wanted = try #require(expected["gradient." + entry.name], "\(entry.name)").doubles
            let found = try #require(entry.parameter.gradient, "\(entry.name)").doubles
            // The softmax doesn't see the bias of keys: both gradients by it are rounding.
            let size = max(wanted.map(abs).max() ?? 0, 1e-6 * largest)
            let error = zip(found, wanted).map { abs($0 - $1) }.max() ?? .infinity
            #expect(found.count == wanted.count && error < 1e-5 * size, "\(entry.name)")
        }
    }

    private func value(_ name: String, _ state: StateDict) throws -> Double {
        try #require(state[name], "\(name)").item
    }

    @Test func trainingMovesTheNormaliser() throws {
        let (head, expected) = try head(.thumos)
        let normalizer = try #require(
            head.namedParameters.first { $0.name == "loss_normalizer" }?.parameter)
        let x = Variable(try batch(.thumos, expected))
        _ = head.losses(
            features: x, targets: Case.thumos.targets, layouts: Case.thumos.layouts,
            context: Context(isTraining: true))
        #expect(abs(normalizer.tensor.item - (try value("loss_normalizer", expected))) < 1e-5)
        let moved = normalizer.tensor.item
        _ = head.losses(
            features: x, targets: Case.thumos.targets, layouts: Case.thumos.layouts,
            context: .inference)
        #expect(normalizer.tensor.item == moved)
        #expect(!normalizer.isTrainable)
    }

    /// Before any suppression; the published code keeps each level's best in falling order.
    @Test(arguments: Case.allCases)
    func candidatesArePublished(_ one: Case) throws {
        let (head, expected) = try head(one)
        let found = head.detections(features: try batch(one, expected), layouts: one.layouts)
        for (index, detections) in found.enumerated() {
            let segments = try #require(expected["found.\(index).segments"])
            let scores = try #require(expected["found.\(index).scores"])
            let labels = try #require(expected["found.\(index).labels"]).doubles
            #expect(detections.count == labels.count)
            #expect(detections.map { Double($0.label) } == labels)
            let ends = detections.flatMap { [$0.place.start, $0.place.end] }
            #expect(relativeError(Tensor(ends, shape: segments.shape), segments) < 1e-6)
            #expect(
                relativeError(Tensor(detections.map(\.score), shape: scores.shape), scores) < 1e-7)
        }
    }

    private struct Voting: Decodable {
        let segments, kept, moved: [[Double]]
        let scores: [Double]
        let threshold: Double
    }

    @Test func votingIsPublished() throws {
        let data = try Data(contentsOf: URL(filePath: Self.folder + "/voting.json"))
        let voting = try JSONDecoder().decode(Voting.self, from: data)
        func detections(_ segments: [[Double]], _ scores: [Double]) -> [Item<Segment>] {
            zip(segments, scores).map {
                Item(Segment(start: $0[0], end: $0[1]), label: 0, score: $1)
            }
        }
        let moved = SegmentVoting(threshold: voting.threshold)(
            detections(voting.kept, voting.scores),
            candidates: detections(voting.segments, voting.scores))
        #expect(moved.count == 12)
        for (found, wanted) in zip(moved, voting.moved) {
            #expect(abs(found.place.start - wanted[0]) < 1e-9)
            #expect(abs(found.place.end - wanted[1]) < 1e-9)
        }
    }

    /// The published head at a sixteenth of its channels.
    @Test func parametersHaveTheSourceNamesAndShapes() {
        var configuration = ActionFormerConfiguration(inputWidth: 2048, classCount: 20)
        configuration.channels = 32
        let head = ActionFormerHead(configuration, key: RandomKey(seed: 1))
        let shapes = Dictionary(
            uniqueKeysWithValues: head.namedParameters.map { ($0.name, $0.parameter.shape) })
        #expect(shapes["backbone.embd.0.conv.weight"] == [32, 2048, 3])
        #expect(shapes["backbone.branch.4.attn.query_conv.conv.weight"] == [32, 1, 3])
        #expect(shapes["backbone.stem.1.mlp.0.weight"] == [128, 32, 1])
        #expect(shapes["cls_head.cls_head.conv.weight"] == [20, 32, 3])
        #expect(shapes["reg_head.scale.5.scale"] == [])
        #expect(shapes["neck.fpn_norms.5.bias"] == [1, 32, 1])
    }

    /// Points of stride 1 and 2 against two actions, worked by hand.
    @Test func pointsTakeTheShortestActionNearItsCentre() {
        var configuration = ActionFormerConfiguration(inputWidth: 1, classCount: 2)
        configuration.channels = 4
        configuration.heads = 1
        configuration.windows = [5, 5]
        configuration.rangeBounds = [0, 4, 10_000]
        configuration.dropPathRate = 0
        let head = ActionFormerHead(configuration, key: RandomKey(seed: 2))
        for entry in head.namedParameters where entry.name != "loss_normalizer" {
            entry.parameter.tensor = Tensor(zeros: entry.parameter.shape)
        }
        // Around 3: points 2, 3 and 4 of level 0, whose farther ends are 2.5 at most. Around 8:
        // reach 3 at level 1, points 6, 8 and 10, of which the farther ends are 4 at least.
        let actions = [
            Item(Segment(start: 1.5, end: 4.5), label: 0),
            Item(Segment(start: 3, end: 13), label: 1),
        ]
        let losses = head.losses(
            features: Variable(Tensor(zeros: [1, 16, 1])), targets: [actions],
            layouts: [WindowLayout(validLength: 16)], context: Context(isTraining: true))
        let normalizer = head.namedParameters.first { $0.name == "loss_normalizer" }
        #expect(abs((normalizer?.parameter.tensor.item ?? 0) - (90 + 0.1 * 6)) < 1e-4)
        // Offsets of 0: no overlap; the centre of the target is the whole distance.
        let shares = [(0.5, 2.5), (1.5, 1.5), (2.5, 0.5), (1.5, 3.5), (2.5, 2.5), (3.5, 1.5)].map {
            let centre = ($0.1 - $0.0) / 2 / ($0.0 + $0.1)
            return 1 + centre * centre
        }
        let regression = shares.reduce(0, +) / 90.6
        #expect(abs(losses.named[1].value - regression) < 1e-4)
        // Half a probability everywhere: 24 points, 2 classes, 6 positives.
        let focal = log(2) / 4 * (6 * 0.25 + 42 * 0.75) / 90.6
        #expect(abs(losses.named[0].value - focal) < 1e-5)
    }

    @Test func windowsWithoutActionsHaveFiniteLosses() {
        let head = ActionFormerHead(Case.thumos.configuration, key: RandomKey(seed: 3))
        let x = Tensor(normal: [2, 13, 6], key: RandomKey(seed: 4))
        let tape = Tape()
        let losses = head.losses(
            features: tape.input(x), targets: [[], []],
            layouts: [WindowLayout(validLength: 13), WindowLayout(validLength: 1)],
            context: Context(tape: tape, isTraining: true, key: RandomKey(seed: 5)))
        #expect(losses.total.tensor.item.isFinite && losses.named[1].value == 0)
        tape.backward(from: losses.total)
        #expect(
            head.namedParameters.allSatisfy {
                $0.parameter.gradient?.doubles.allSatisfy(\.isFinite) ?? true
            })
    }

    @Test func theWholeHeadHasItsGradient() throws {
        var configuration = Case.thumos.configuration
        configuration.inputWidth = 3
        configuration.channels = 4
        configuration.windows = [3, -1]
        configuration.rangeBounds = [0, 4, 10_000]
        configuration.projections = 1
        configuration.towerDepth = 2
        configuration.positions = 8
        let head = ActionFormerHead(configuration, key: RandomKey(seed: 6))
        head.convert(to: .float64)
        for (index, entry) in head.namedParameters.enumerated() where entry.parameter.isTrainable {
            let noise = Tensor(
                normal: entry.parameter.shape, standardDeviation: 0.3,
                key: RandomKey(seed: 7).child(index), dtype: .float64)
            entry.parameter.tensor = entry.parameter.tensor + noise
        }
        let targets = [
            [Item(Segment(start: 1.2, end: 5.1), label: 1)],
            [Item(Segment(start: 0.3, end: 4.9), label: 0)],
        ]
        let layouts = [WindowLayout(validLength: 9), WindowLayout(validLength: 6)]
        let inputs =
            [Tensor(normal: [2, 9, 3], key: RandomKey(seed: 8), dtype: .float64)]
            + head.namedParameters.filter(\.parameter.isTrainable).map(\.parameter.tensor)
        let parameters = head.namedParameters.filter(\.parameter.isTrainable).map(\.parameter)
        func loss(_ x: Variable, _ context: Context) -> Variable {
            head.losses(features: x, targets: targets, layouts: layouts, context: context).total
        }
        let tape = Tape()
        let x = tape.input(inputs[0])
        tape.backward(from: loss(x, Context(tape: tape)))
        let analytic = [tape.gradient(of: x)] + parameters.map(\.gradient)
        for (index, tensor) in inputs.enumerated() {
            let found = try #require(analytic[index]).doubles, values = tensor.doubles
            var worst = 0.0, largest = 1e-3
            for position in values.indices {
                func value(_ delta: Double) -> Double {
                    var moved = values
                    moved[position] += delta
                    let changed = Tensor(moved, shape: tensor.shape)
                    if index == 0 { return loss(Variable(changed), .inference).tensor.item }
                    parameters[index - 1].tensor = changed
                    defer { parameters[index - 1].tensor = tensor }
                    return loss(Variable(inputs[0]), .inference).tensor.item
                }
                let slope = (value(1e-5) - value(-1e-5)) / 2e-5
                worst = max(worst, abs(slope - found[position]))
                largest = max(largest, abs(slope))
            }
            #expect(worst / largest < 1e-6, "input \(index) of \(tensor.shape)")
        }
    }
}
