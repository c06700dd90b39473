// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes
import TemporalActionDetection
import Testing
import Training

@Suite("Temporal recipe") struct TemporalRecipeTests {
    @Test func pathsAreTheRecipesOwnOrBelowTheData() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe(["backbone.weights=data:set/w.onnx"])
        #expect(recipe.data.annotations == [fixture.path + "/annotations.json"])
        #expect(recipe.data.videos == [fixture.path])
        #expect(recipe.data.prepared == fixture.path + "/prepared-4fps-32")
        #expect(recipe.backbone?.network.weights == "/data/set/w.onnx")
    }

    @Test func theResolvedRecipeReadsBackTheSame() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe(["head.stitching.enabled=true", "seed=7"])
        let again = try TemporalRecipe(
            RecipeDocument(text: recipe.resolved.yaml),
            dataFolder: "/data")
        #expect(again.resolved.yaml == recipe.resolved.yaml)
        #expect(again.resolved.fingerprint == recipe.resolved.fingerprint)
    }

    @Test func aMisspeltKeyNamesTheNearest() throws {
        let fixture = try TemporalFixture()
        do {
            _ = try fixture.recipe(["data.windowFrame=16"])
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains("did you mean data.windowFrames?"), "\(error)")
        }
    }

    @Test(arguments: [
        (["backbone.name=video-swin-tiny", "backbone.pooling=both"], "set pooling: mean"),
        (["backbone.name=video-swin-tiny", "backbone.clipFrames=15"], "expected an even number"),
        (
            ["backbone.name=videomae-small-16", "backbone.framesPerPosition=3"],
            "expected a divisor of clipFrames (16) and of data.windowFrames (16)"
        ),
        (["backbone.clipFrames=16"], "unknown key backbone.clipFrames"),
        (["backbone.name=swin-tiny"], "swin-tiny has no class token; set pooling: mean"),
        (["backbone.name=swin-tiny", "backbone.pooling=classToken"], "set pooling: mean"),
        (["data.size=40"], "vit-tiny-16 takes [N, 3, H, W] with H and W multiples of 16"),
    ])
    func unfitBackbonesAreRefused(overrides: [String], expected: String) throws {
        let fixture = try TemporalFixture()
        let error = #expect(throws: InputError.self) { try fixture.recipe(overrides) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        let swin = try fixture.recipe([
            "backbone.name=swin-tiny", "backbone.pooling=mean", "data.size=50",
        ])
        #expect(swin.backbone?.network.name == "swin-tiny" && swin.data.size == 50)
    }

    @Test func headSettingsReachTheHead() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe([
            "head.anchorScales=[2, 3]", "head.countsBothEnds=true", "head.classification=sigmoid",
        ])
        let settings = try #require(recipe.head.vsgnHead)
        let head = settings.with(
            HeadInput(width: 9, classCount: 4, windowLength: 16, scoreThreshold: 0.1))
        #expect(head.channels == 32 && head.levels == 3 && head.stemStride == 1)
        #expect(head.anchorScales == [2, 3] && head.lengthOffset == 1)
        #expect(head.neighbours == 4 && head.crossScaleNeighbours == 2)
        #expect(head.classification == .sigmoid(alpha: 0.25, gamma: 2))
        #expect(head.inputWidth == 9 && head.classCount == 4 && head.scoreThreshold == 0.1)
        #expect(head.form == .dr2net)
        let other = try fixture.recipe([
            "head.form=opentad", "head.classThreshold=0.02", "head.neighbours=5",
        ])
        let second = try #require(other.head.vsgnHead).with(
            HeadInput(width: 9, classCount: 4, windowLength: 16, scoreThreshold: 0.1))
        #expect(second.form == .opentad && second.scoreThreshold == 0.02)
        #expect(second.crossScaleNeighbours == 3)
        #expect(throws: (any Error).self) { try fixture.recipe(["head.form=published"]) }
    }

    @Test func stitchingIsAnOption() throws {
        let fixture = try TemporalFixture()
        let off = try fixture.recipe().head.stitching(length: 16)
        #expect((1...16).allSatisfy { !off.stitches($0) })
        let on = try fixture.recipe(["head.stitching.enabled=true"]).head.stitching(length: 16)
        #expect((1...16).filter { on.stitches($0) } == [1, 2, 3, 4, 5, 6])
        #expect(on.layout(clipLength: 5) == WindowLayout(validLength: 16, magnifiedStart: 8))
    }
}
