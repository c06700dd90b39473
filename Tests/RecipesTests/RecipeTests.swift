// SPDX-License-Identifier: Apache-2.0
import Console
import Foundation
import Optimizers
import Recipes
import TestSupport
import Testing
import Training

@Suite("Recipe") struct RecipeTests {
    private func read(
        _ text: String, _ overrides: [String] = []
    ) throws -> (TrainingRecipe, RecipeReader) {
        let reader = RecipeReader(
            try RecipeDocument(text: text, name: "r.yaml", overrides: overrides))
        let recipe = try TrainingRecipe(reader)
        try reader.finish()
        return (recipe, reader)
    }

    private func failure(_ text: String, _ overrides: [String] = []) -> String {
        message { _ = try read(text, overrides) } ?? "no error"
    }

    @Test func valuesAndDefaultsArrive() throws {
        let (recipe, _) = try read(
            """
            epochs: 2.5
            batchSize: 4
            optimizer: {headLearningRate: 1e-4, betas: [0.8, 0.99]}
            schedule:
              kind: constant
            """)
        #expect(recipe.length == .epochs(2.5))
        #expect(recipe.totalSteps(sampleCount: 9) == 6)
        #expect(recipe.batchSize == 4)
        #expect(recipe.accumulation == 1)
        #expect(recipe.learningRates[.head] == 1e-4)
        #expect(recipe.optimizer.betas == (0.8, 0.99))
        #expect(recipe.schedule.kind == .constant)
        #expect(recipe.checkpointsKept == 2)
    }

    @Test func overridesWinAndReachNestedKeys() throws {
        let (recipe, _) = try read(
            "steps: 5\nbatchSize: 4",
            ["batchSize=8", "optimizer.betas=[0.5, 0.6]", "schedule.kind=constant", "seed=7"])
        #expect(recipe.batchSize == 8)
        #expect(recipe.optimizer.betas == (0.5, 0.6))
        #expect(recipe.schedule.kind == .constant)
        #expect(recipe.seed == 7)
    }

    @Test(arguments: [
        ("steps: many", "r.yaml:1: steps is many; expected a whole number, 1 to 1000000000"),
        (
            "steps: 5\nbatchSize: 2.5",
            "r.yaml:2: batchSize is 2.5; expected a whole number, 1 to 65536"
        ),
        (
            "steps: 5\nbatchSize: \"3\"",
            "r.yaml:2: batchSize is the text \"3\"; expected a whole number, 1 to 65536"
        ),
        ("steps: 0", "r.yaml:1: steps is 0; expected a whole number, 1 to 1000000000"),
        (
            "steps: 5\noptimizer:\n  weightDecay: .nan",
            "r.yaml:3: optimizer.weightDecay is .nan; expected a number in 0.0...100.0"
        ),
        (
            "steps: 5\noptimizer:\n  epsilon: -1",
            "r.yaml:3: optimizer.epsilon is -1; expected a number in 1e-30...1.0"
        ),
        (
            "steps: 5\noptimizer:\n  betas: [0.9]",
            "r.yaml:3: optimizer.betas is a list of 1; expected a list of 2 numbers in "
                + "0.0...0.999999999"
        ),
        (
            "steps: 5\noptimizer:\n  momentBits: 16",
            "r.yaml:3: optimizer.momentBits is 16; expected 32 or 8"
        ),
        (
            "steps: 5\nschedule:\n  kind: cosinus",
            "r.yaml:3: schedule.kind is cosinus; expected one of cosine, constant"
        ),
        (
            "steps: 5\noptimizer: adamw",
            "r.yaml:2: optimizer is adamw; expected a section with keys of its own"
        ),
        (
            "steps: [1, 2]",
            "r.yaml:1: steps is a list of 2; expected a whole number, 1 to 1000000000"
        ),
        ("steps: 5\nbatchsize: 2", "r.yaml:2: unknown key batchsize; did you mean batchSize?"),
        (
            "steps: 5\noptimizer:\n  learningRate: 1",
            "r.yaml:3: unknown key optimizer.learningRate; did you mean "
                + "optimizer.headLearningRate?"
        ),
        (
            "steps: 5\nweightDecay: 1",
            "r.yaml:2: unknown key weightDecay; did you mean optimizer.weightDecay?"
        ),
        (
            "steps: 5\ncheckpoint:\n  unrelatedThing: 1",
            "r.yaml:3: unknown key checkpoint.unrelatedThing; known here: checkpoint.every, "
                + "checkpoint.keep, checkpoint.best"
        ),
        (
            "batchSize: 2",
            "r.yaml: neither steps nor epochs is given; expected one, such as steps: 100"
        ),
        ("steps: 2\nepochs: 2", "r.yaml:1: steps and epochs are both given; keep one of them"),
        ("", "r.yaml: empty; expected a recipe with keys such as steps: 100"),
        ("# nothing\n", "r.yaml: empty; expected a recipe with keys such as steps: 100"),
        ("just words", "r.yaml:1: the recipe is just words; expected keys such as steps: 100"),
        ("- 1\n- 2", "r.yaml:1: the recipe is a list of 2; expected keys such as steps: 100"),
        ("steps: 5\nsteps: 6", "r.yaml:1: the key steps occurs twice"),
        ("steps: [1, 2", "r.yaml:2: not valid YAML: did not find expected ',' or ']'"),
        ("? [a, b]\n: 1", "r.yaml:1: a key must be a name"),
    ])
    func badRecipesGiveOneClearLine(_ text: String, _ expected: String) {
        #expect(failure(text) == expected)
    }

    @Test(arguments: [
        (
            "batchSzie=8",
            "--set batchSzie=8: unknown key batchSzie; did you mean batchSize?"
        ),
        ("batchSize", "--set batchSize: expected key.path=value, such as batchSize=8"),
        ("=3", "--set =3: the key before = has an empty part"),
        ("optimizer..betas=3", "--set optimizer..betas=3: the key before = has an empty part"),
        (
            "batchSize=big",
            "--set batchSize=big: batchSize is big; expected a whole number, 1 to 65536"
        ),
        (
            "steps.more=1",
            "--set steps.more=1: steps is 5, not a section with keys of its own"
        ),
        (
            "batchSize=[",
            "--set batchSize=[:2: not valid YAML: did not find expected node content"
        ),
    ])
    func badOverridesGiveOneClearLine(_ option: String, _ expected: String) {
        #expect(failure("steps: 5", [option]) == expected)
    }

    @Test func hostileYAMLIsRefusedQuickly() {
        var bomb = "a: &a [x, x]\n"
        for (before, name) in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz") {
            bomb += "\(name): &\(name) [*\(before), *\(before), *\(before), *\(before)]\n"
        }
        #expect(failure(bomb).contains("anchors and aliases"))
        #expect(failure(bomb + "? *z\n: 1").contains("anchors and aliases"))
        #expect(failure(String(repeating: "[", count: 5000)).contains("nested more than 32 deep"))
        #expect(failure(String(repeating: "- ", count: 5000)).contains("nested more than 32 deep"))
        #expect(failure(String(repeating: "? ", count: 5000)).contains("nested more than 32 deep"))
        let stairs = (0..<60).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(failure(stairs).contains("32 levels"))
        #expect(failure(String(repeating: "a", count: 2 << 20)).contains("larger than 1048576"))
        let many = "steps: [" + String(repeating: "1,", count: 30_000) + "1]"
        #expect(failure(many).contains("more than 20000 values"))
        #expect(failure("steps: \u{0}").contains("not valid YAML"))
    }

    @Test func everyErrorIsOneLine() {
        for text in ["\"a\\nb\": 1\nsteps: 2", "steps: \"x\\ny\"", "a: 'b\n\n c", "%x\n---\na"] {
            #expect(!failure(text).contains("\n"))
        }
    }

    @Test func resolvedRecipeReadsBackAsItself() throws {
        let (recipe, reader) = try read("steps: 5\noptimizer: {epsilon: 1e-6}", ["seed=3"])
        let text = reader.resolved.yaml
        #expect(
            text == """
                seed: 3
                threads: 0
                steps: 5
                batchSize: 1
                accumulation: 1
                optimizer:
                  kind: adamw
                  headLearningRate: 0.001
                  backboneLearningRate: 2e-05
                  weightDecay: 0.05
                  betas: [0.9, 0.999]
                  epsilon: 1e-06
                  clipNorm: 1.0
                  averageDecay: 0.0
                schedule:
                  kind: cosine
                  warmupSteps: 0
                  minimumFactor: 0.0
                  backboneStart: 0
                  decayStart: 0
                ranks:
                  shardOptimizer: false
                checkpoint:
                  every: 0
                  keep: 2
                evaluate:
                  every: 0

                """)
        let (again, second) = try read(text)
        #expect(again == recipe)
        #expect(second.resolved.yaml == text)
        #expect(second.resolved.fingerprint == reader.resolved.fingerprint)
    }

    @Test func fingerprintChangesWithWhatTrainingDependsOn() throws {
        func fingerprint(_ overrides: [String]) throws -> String {
            try read("steps: 5", overrides).1.resolved.fingerprint
        }
        let plain = try fingerprint([])
        #expect(try fingerprint(["seed=1"]) != plain)
        #expect(try fingerprint(["optimizer.clipNorm=2"]) != plain)
        #expect(try fingerprint(["threads=2", "checkpoint.every=3", "evaluate.every=1"]) == plain)
        #expect(try fingerprint(["ranks.shardOptimizer=true"]) == plain)
    }

    @Test func otherModulesReadTheirOwnSections() throws {
        let reader = RecipeReader(
            try RecipeDocument(
                text: "steps: 5\nname: \"12: a\"\ndr2net: {policy: hard}", name: "r.yaml",
                overrides: ["dr2net.betaEnd=0.5"]))
        _ = try TrainingRecipe(reader)
        let section = try reader.section("dr2net")
        #expect(
            try section.choice("policy", default: "balanced", among: ["balanced", "hard"]) == "hard"
        )
        #expect(try section.value("betaEnd", default: 0.25, in: -1...1) == 0.5)
        #expect(try reader.value("name", default: "") == "12: a")
        #expect(try section.optionalText("list") == nil)
        try reader.finish()
        #expect(
            reader.resolved.yaml.hasSuffix(
                "dr2net:\n  policy: hard\n  betaEnd: 0.5\nname: \"12: a\"\n"))
        #expect(
            message { _ = try section.value("policy", default: 1, in: 0...2) }
                == "r.yaml:3: dr2net.policy is hard; expected a whole number, 0 to 2")
    }

    @Test func aBaseIsReadFirstAndLoopsAreRefused() throws {
        try withTemporaryFolder { folder in
            func write(_ name: String, _ text: String) throws {
                try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            }
            try write(
                "base.yaml", "steps: 5\nbatchSize: 2\noptimizer: {clipNorm: 3, epsilon: 1e-6}")
            try write("own.yaml", "base: base.yaml\nbatchSize: 4\noptimizer:\n  clipNorm: 2")
            let reader = RecipeReader(try RecipeDocument(path: "\(folder)/own.yaml"))
            let recipe = try TrainingRecipe(reader)
            try reader.finish()
            #expect(recipe.batchSize == 4)
            #expect(recipe.optimizer.clipNorm == 2)
            #expect(recipe.optimizer.epsilon == 1e-6)
            #expect(recipe.length == .steps(5))

            try write("paths.yaml", "video: films/a.mp4\nabsolute: /x/../y\nnone: null\nset: b")
            let paths = RecipeReader(
                try RecipeDocument(path: "\(folder)/paths.yaml", overrides: ["set=c/d"]))
            #expect(try paths.optionalPath("video") == "\(folder)/films/a.mp4")
            #expect(try paths.optionalPath("absolute") == "/y")
            #expect(try paths.optionalPath("none") == nil)
            #expect(
                try paths.optionalPath("set")
                    == FileManager.default.currentDirectoryPath + "/c/d")
            #expect(paths.resolved.yaml.contains("video: \"\(folder)/films/a.mp4\"\n"))

            try write("loop.yaml", "base: loop.yaml\nsteps: 1")
            let loop = message { _ = try RecipeDocument(path: "\(folder)/loop.yaml") }
            #expect(loop?.contains("leads back to itself") == true)
            try write("lost.yaml", "base: nowhere.yaml")
            let lost = message { _ = try RecipeDocument(path: "\(folder)/lost.yaml") }
            #expect(
                lost?.hasPrefix("lost.yaml:1: base is nowhere.yaml, but there is no file") == true)
            let missing = message { _ = try RecipeDocument(path: "\(folder)/no.yaml") }
            #expect(missing == "\(folder)/no.yaml: no such recipe; check the path")
            let isFolder = message { _ = try RecipeDocument(path: folder) }
            #expect(isFolder?.contains("can't be read as a recipe") == true)
            try Data([0xFF, 0xFE, 0x00, 0xD8]).write(to: URL(fileURLWithPath: "\(folder)/b.yaml"))
            let binary = message { _ = try RecipeDocument(path: "\(folder)/b.yaml") }
            #expect(binary?.contains("not UTF-8") == true)
        }
    }

    @Test func aRecipeTakesSizes() throws {
        let reader = RecipeReader(
            try RecipeDocument(text: "memoryBudget: 2GiB\nother: lots", name: "r.yaml"))
        #expect(try reader.optionalBytes("memoryBudget") == 2 << 30)
        #expect(
            message { _ = try reader.optionalBytes("other") }
                == "r.yaml:2: other is lots; expected \(ByteSize.expected)")
        #expect(reader.resolved.yaml == "memoryBudget: \"2GiB\"\n")
    }
}
