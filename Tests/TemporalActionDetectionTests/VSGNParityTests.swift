// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Files
import Foundation
import Layers
import Optimizers
import Recipes
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing
import Training

/// The head of each published recipe, at few channels, against what the recipe's source computes.
@Suite("VSGN as published") struct VSGNParityTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().path

    /// The cases of `make_vsgn.py`.
    enum Case: String, CaseIterable {
        case thumos, activitynet

        /// The recipe's head at the fixture's sizes.
        func configuration() throws -> VSGNConfiguration {
            let isTHUMOS = self == .thumos
            let name = isTHUMOS ? "thumos14-vsgn-tsn" : "activitynet-vsgn-tsp"
            let small = isTHUMOS ? ["head.levels=3", "head.neighbours=5"] : []
            let recipe = try TemporalRecipe(
                RecipeDocument(
                    path: "\(VSGNParityTests.folder)/../../tasks/temporal-action-detection/"
                        + "recipes/\(name).yaml",
                    overrides: small + ["head.towerDepth=2"]), dataFolder: "/data")
            let settings = try #require(recipe.head.vsgnHead)
            var result = settings.with(
                HeadInput(
                    width: 6, classCount: isTHUMOS ? 3 : 1, windowLength: isTHUMOS ? 128 : 256,
                    scoreThreshold: recipe.postProcessing.minimumScore))
            result.channels = 8
            result.normalizationGroups = 4
            return result
        }

        var layouts: [WindowLayout] {
            self == .thumos
                ? [stitching.layout(clipLength: 48), WindowLayout(validLength: 101)]
                : [WindowLayout(validLength: 256), WindowLayout(validLength: 256)]
        }

        /// Of the window of the first case.
        var stitching: SelfStitching { SelfStitching(windowLength: 128, gap: 6) }
    }

    private func read(_ name: String) throws -> StateDict {
        try Safetensors.read("\(Self.folder)/../Fixtures/VSGN/\(name).safetensors")
    }

    /// The head at the fixture's weights, and what the published code made of its input.
    private func head(_ one: Case, hasGraph: Bool = true) throws -> (VSGNHead, StateDict) {
        var configuration = try one.configuration()
        if !hasGraph {
            configuration.neighbours = 0
            configuration.crossScaleNeighbours = 0
        }
        let head = VSGNHead(configuration, key: RandomKey(seed: 1))
        let weights = try read("\(one.rawValue).weights")
        let own = head.namedParameters.filter(\.parameter.isTrainable)
        let names = weights.names.filter { hasGraph || !$0.contains("nconv1") }
        #expect(Set(own.map(\.name)) == Set(names))
        for entry in own {
            let tensor = try #require(weights[entry.name], "\(entry.name)")
            #expect(tensor.shape == entry.parameter.shape, "\(entry.name)")
            entry.parameter.tensor = tensor
        }
        head.convert(to: .float64)
        return (head, try read("\(one.rawValue).expected"))
    }

    private func input(_ expected: StateDict) throws -> Tensor {
        try #require(expected["input"]).converted(to: .float64)
    }

    private func targets(_ expected: StateDict) throws -> [[Item<Segment>]] {
        try (0..<2).map { window in
            let rows = try #require(expected["targets.\(window)"])
            let values = rows.doubles
            return (0..<rows.shape[0]).map {
                Item(
                    Segment(start: values[3 * $0], end: values[3 * $0 + 1]),
                    label: Int(values[3 * $0 + 2]))
            }
        }
    }

    /// Sets the moving means to what the published step left.
    private func setMeans(_ head: VSGNHead, _ expected: StateDict) throws {
        for entry in head.namedParameters where !entry.parameter.isTrainable {
            entry.parameter.tensor = try #require(expected[entry.name], "\(entry.name)")
        }
    }

    @Test func stitchedWindowsArePublished() throws {
        let expected = try read("thumos.expected")
        let clip = try #require(expected["clip"])
        let window = Case.thumos.stitching.window(Variable(clip.reshaped(to: [1, 48, 6]))).tensor
        let wanted = try input(expected).rows(0..<1)
        // Where its source rounds the place between two positions to float32.
        #expect(relativeError(window, wanted) < 1e-5)
        #expect(try #require(expected["frames"]).doubles == [48, 101])
    }

    @Test(arguments: Case.allCases)
    func logitsSegmentsAndCurvesArePublished(_ one: Case) throws {
        let (head, expected) = try head(one)
        let output = head.forward(
            Variable(try input(expected)), layouts: one.layouts, .inference)
        let logits = try #require(expected["logits"]), segments = try #require(expected["segments"])
        #expect(relativeError(output.logits.tensor, logits) < 1e-10)
        #expect(
            relativeError(output.segments.tensor.reshaped(to: segments.shape), segments) < 1e-10)
        for (name, curve) in zip(["action", "start", "end"], output.curves) {
            let wanted = try #require(expected["curve.\(name)"]).converted(to: .float64)
            #expect(
                relativeError(curve.tensor.reshaped(to: wanted.shape), wanted) < 1e-6, "\(name)")
        }
    }

    /// The convolutions of the levels at stride 2, as the published options leave the graph out.
    @Test func theHeadWithoutItsGraphIsPublished() throws {
        let (head, expected) = try head(.thumos, hasGraph: false)
        let output = head.forward(
            Variable(try input(expected)), layouts: Case.thumos.layouts, .inference)
        for (name, found) in [("logits", output.logits), ("segments", output.segments)] {
            let wanted = try #require(expected["plain.\(name)"]).converted(to: .float64)
            let error = relativeError(found.tensor.reshaped(to: wanted.shape), wanted)
            #expect(error < 1e-6, "\(name)")
        }
    }

    @Test(arguments: Case.allCases)
    func lossesAndGradientsArePublished(_ one: Case) throws {
        let (head, expected) = try head(one)
        try setMeans(head, expected)
        let tape = Tape()
        let x = tape.input(try input(expected))
        let losses = head.losses(
            features: x, targets: try targets(expected), layouts: one.layouts,
            context: Context(tape: tape))
        #expect(losses.named.count == 6)
        for (name, value) in losses.named + [("total", losses.total.tensor.item)] {
            let wanted = try #require(expected["loss.\(name)"]).item
            #expect(abs(value / wanted - 1) < 1e-9, "\(name): \(value) for \(wanted)")
        }
        tape.backward(from: losses.total)
        let byInput = try #require(tape.gradient(of: x))
        // Positions of zeros (gap, padding) are alike: which of them is a neighbour is a tie.
        let real = try input(expected).doubles.map { $0 == 0 ? 0.0 : 1.0 }
        let isReal = Tensor(real, shape: x.shape)
        let wanted = try #require(expected["gradient.input"])
        #expect(relativeError(byInput * isReal, wanted * isReal) < 1e-8)
        for entry in head.namedParameters where entry.parameter.isTrainable {
            let wanted = try #require(expected["gradient." + entry.name], "\(entry.name)")
            let found = try #require(entry.parameter.gradient, "\(entry.name)")
            #expect(relativeError(found, wanted) < 1e-8, "\(entry.name)")
        }
    }

    /// OpenTAD's means move from 100 to a tenth of the matched anchors; no one else's exist.
    @Test func trainingMovesTheMeans() throws {
        let (head, expected) = try head(.activitynet)
        let means = head.namedParameters.filter { !$0.parameter.isTrainable }
        #expect(means.count == 3 && means.allSatisfy { $0.parameter.tensor.item == 100 })
        let x = Variable(try input(expected)), targets = try targets(expected)
        for isTraining in [true, false] {
            _ = head.losses(
                features: x, targets: targets, layouts: Case.activitynet.layouts,
                context: Context(isTraining: isTraining))
            for entry in means {
                let wanted = try #require(expected[entry.name], "\(entry.name)").item
                #expect(abs(entry.parameter.tensor.item - wanted) < 1e-9, "\(entry.name)")
            }
        }
        let (other, _) = try self.head(.thumos)
        #expect(other.namedParameters.allSatisfy { $0.parameter.isTrainable })
    }

    /// Every candidate before suppression.
    ///
    /// Empty ones, which the published codes keep, are left out.
    @Test(arguments: Case.allCases)
    func candidatesArePublished(_ one: Case) throws {
        let (head, expected) = try head(one)
        let found = head.detections(features: try input(expected), layouts: one.layouts)
        for window in 0..<2 {
            let rows = try #require(expected["found.\(window)"]), values = rows.doubles
            let wanted = (0..<rows.shape[0]).map { Array(values[4 * $0..<4 * $0 + 4]) }
                .filter { $0[1] > $0[0] }
            var own = found[window].map {
                [$0.place.start, $0.place.end, $0.score, Double($0.label + 1)]
            }
            // The authors' code goes class by class with falling scores, OpenTAD's by anchor.
            if one == .thumos { own.sort { ($0[3], -$0[2]) < ($1[3], -$1[2]) } }
            #expect(own.count == wanted.count && own.count > 300)
            guard own.count == wanted.count else { continue }
            for column in 0..<4 {
                let error = relativeError(
                    Tensor(own.map { $0[column] }, shape: [own.count]),
                    Tensor(wanted.map { $0[column] }, shape: [own.count]))
                #expect(error < 1e-6, "column \(column)")
            }
        }
    }
}
