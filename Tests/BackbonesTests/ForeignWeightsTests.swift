// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Layers
import Reversible
import Tensors
import TestSupport
import Testing

/// Files as training left them: wrapped, several times over, at another size.
@Suite("Foreign weights") struct ForeignWeightsTests {
    private func values(_ network: VisionTransformer) -> [Tensor] {
        network.namedParameters.map(\.parameter.tensor)
    }

    private func isSame(_ a: VisionTransformer, _ b: VisionTransformer) -> Bool {
        zip(values(a), values(b)).allSatisfy { $0.isIdentical(to: $1) }
    }

    private func fails(_ state: StateDict, _ fixture: BackboneFixture) -> String {
        let network = fixture.untrained()
        let before = values(network)
        let error = #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(state, into: network, from: "file.pth")
        }
        #expect(zip(values(network), before).allSatisfy { $0.isIdentical(to: $1) })
        #expect(error?.description.contains("\n") == false)
        return error?.description ?? ""
    }

    /// A name with a wrapper at the front and others inside each block.
    private static func wrapped(_ name: String, _ outer: String, _ inner: String) -> String {
        var parts = name.split(separator: ".").map(String.init)
        if let blocks = parts.firstIndex(where: { $0 == "blocks" || $0 == "layer" }) {
            parts.insert(contentsOf: inner.split(separator: " ").map(String.init), at: blocks + 2)
        }
        return outer + parts.joined(separator: ".")
    }

    @Test(
        "wrappers are taken out wherever they stand",
        arguments: [
            ("_orig_mod.", ""), ("module._orig_mod.", ""), ("", "_checkpoint_wrapped_module"),
            ("_fsdp_wrapped_module.", "_fsdp_wrapped_module _checkpoint_wrapped_module"),
            ("teacher.backbone._fsdp_wrapped_module.", "_orig_mod"),
            ("state._forward_module.net.", "module"),
        ], ["dinov2-patch14-timm", "dinov2-patch14-hf", "vit-patch4-wide"])
    func wrappersAreTakenOut(wrapper: (String, String), name: String) throws {
        let fixture = try BackboneFixture(name)
        var state = try fixture.weights.renamed { Self.wrapped($0, wrapper.0, wrapper.1) }
        if !wrapper.0.isEmpty {
            state.setValue(.integers(IntegerArray([7], shape: [])), for: "n_averaged")
        }
        let network = fixture.untrained()
        let loaded = try PretrainedWeights.load(state, into: network, from: "file.pth")
        #expect(isSame(network, try fixture.network()))
        #expect(loaded.leftOut.contains("n_averaged") == !wrapper.0.isEmpty)
        for part in (wrapper.0 + wrapper.1).split(whereSeparator: { $0 == "." || $0 == " " })
        where part.hasPrefix("_") {
            #expect(loaded.summary.contains(part), "\(loaded.summary)")
        }
    }

    @Test("blocks in chunks are counted through", arguments: [1, 2])
    func chunksAreCountedThrough(size: Int) throws {
        let fixture = try BackboneFixture("dinov2-patch14-timm")
        let chunked = try fixture.weights.renamed { name in
            let parts = name.split(separator: ".")
            guard parts.count > 2, parts[0] == "blocks", let block = Int(parts[1]) else {
                return name
            }
            return "blocks.\(block / size).\(parts[1...].joined(separator: "."))"
        }
        let network = fixture.untrained()
        let loaded = try PretrainedWeights.load(chunked, into: network, from: "file.pth")
        #expect(isSame(network, try fixture.network()))
        #expect(loaded.summary.contains("without chunks of blocks"))
    }

    @Test(
        "the averaged copy is taken, whichever comes first, and both are named",
        arguments: [
            ("teacher.backbone.", "student.backbone."), ("model_ema.", "model."),
            ("ema.module.", "module."), ("target_encoder.", "encoder."),
            ("module.base_encoder.", "module.momentum_encoder."), ("encoder_q.", "encoder_k."),
        ], [false, true])
    func theAveragedCopyIsTaken(copies: (taken: String, other: String), isFirst: Bool) throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        var pairs = fixture.weights.tensors.map { (copies.taken + $0.name, $0.tensor) }
        let others = fixture.weights.tensors.map {
            (copies.other + $0.name, Tensor(zeros: $0.tensor.shape))
        }
        pairs = isFirst ? pairs + others : others + pairs
        let network = fixture.untrained()
        let loaded = try PretrainedWeights.load(StateDict(pairs), into: network, from: "file.pth")
        #expect(isSame(network, try fixture.network()))
        #expect(loaded.leftOut.count >= others.count)
        #expect(loaded.summary.contains("passing over the copy under"), "\(loaded.summary)")
    }

    @Test("of copies that are alike none is taken until the user says which")
    func copiesOfOneKindAreRefused() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        let state = StateDict(
            fixture.weights.tensors.map { ("rgb." + $0.name, Tensor(zeros: $0.tensor.shape)) }
                + fixture.weights.tensors.map { ("flow." + $0.name, $0.tensor) })
        let text = fails(state, fixture)
        #expect(
            text.contains(
                "2 copies of the network, under \"rgb.\", \"flow.\": name those to pass over in "
                    + "backbone.allowUnexpected (--allow-unexpected)"), "\(text)")
        let network = fixture.untrained()
        let loaded = try PretrainedWeights.load(
            state, into: network, from: "file.pth",
            allowing: KeyTolerance(unexpected: ["rgb.*"]))
        #expect(isSame(network, try fixture.network()))
        #expect(loaded.leftOut.allSatisfy { $0.hasPrefix("rgb.") || !$0.hasPrefix("flow.b") })
    }

    @Test(
        "registers and other tokens that the network hasn't are refused by name",
        arguments: [
            ("dinov2-patch14-timm", "register_tokens", "register tokens"),
            ("dinov2-patch14-timm", "reg_token", "register tokens"),
            ("dinov2-patch14-timm", "storage_tokens", "storage tokens"),
            ("dinov2-patch14-hf", "embeddings.register_tokens", "register tokens"),
            ("vit-patch4-wide", "dist_token", "a distillation token"),
            ("vit-patch4-wide", "register_tokens", "register tokens"),
        ])
    func furtherTokensAreRefused(name: String, key: String, what: String) throws {
        let fixture = try BackboneFixture(name)
        var state = fixture.weights
        state[key] = Tensor(zeros: [1, 4, fixture.description.dim])
        let text = fails(state, fixture)
        #expect(text.contains("1 unexpected: \(key); the file's network has \(what)"), "\(text)")
        // Whoever insists is told what it means.
        let loaded = try PretrainedWeights.load(
            state, into: fixture.untrained(), from: "file.pth",
            allowing: KeyTolerance(unexpected: ["*" + key]))
        #expect(loaded.warnings.count == 1)
        #expect(loaded.warnings.first?.contains("was trained with \(what)") == true)
    }

    @Test("unexpected keys come with the recipe's key that passes over them")
    func theWayOutIsNamed() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        var state = fixture.weights
        state["neck.weight"] = Tensor(zeros: [2])
        #expect(
            fails(state, fixture).contains(
                "1 unexpected: neck.weight; to pass over keys that aren't the network's, name "
                    + "them in backbone.allowUnexpected (--allow-unexpected)"))
    }

    @Test("a load is told in one line")
    func aLoadIsTold() throws {
        let fixture = try BackboneFixture("dinov2-patch14-hf")
        func summary(_ state: StateDict) throws -> String {
            try PretrainedWeights.load(state, into: fixture.untrained(), from: "file.pth").summary
        }
        let unused = fixture.description.unusedKeys
        let used = fixture.weights.count - unused.count
        #expect(unused == ["embeddings.mask_token"])
        #expect(
            try summary(fixture.weights)
                == "file.pth: transformers-dinov2 names, \(used) keys used, 1 left out: "
                + "embeddings.mask_token")
        var other = try fixture.weights.renamed { $0.contains("mask") ? nil : "model." + $0 }
        #expect(
            try summary(other)
                == "file.pth: transformers-dinov2 names under \"model.\", \(used) keys used, none "
                + "left out")
        for number in 0..<6 { other["head\(number)"] = Tensor(zeros: [1]) }
        #expect(
            try summary(other).hasSuffix(
                ", \(used) keys used, 6 left out: head0, head1, head2, head3, ..."))
    }

    @Test(
        "positions of another size bring their grid, and the features are the library's",
        arguments: ["vit-patch16-resized", "dinov2-patch14-timm", "dinov2-patch14-hf"], [2, 9, 37])
    func positionsBringTheirGrid(name: String, grid: Int) throws {
        let fixture = try BackboneFixture(name)
        let own = fixture.description.gridSize[0]
        var configuration = fixture.configuration
        configuration.gridSize = grid
        let network = VisionTransformer(
            name: "other", configuration: configuration, key: RandomKey(seed: 3))
        let loaded = try PretrainedWeights.load(fixture.weights, into: network, from: "file.pth")
        #expect(network.positionGrid == own)
        #expect(
            loaded.notes.contains(
                "file.pth: positions of a grid of \(own) x \(own) in place of \(grid) x \(grid), "
                    + "resized to other inputs"), "\(loaded.notes)")
        let plain = try fixture.network()
        #expect(isSame(network, plain))
        let features = try network.features(
            Variable(fixture.input), Context().running(.frozen))
        #expect(scaledError(features.tensor, fixture.features, floor: 0) < 1e-5)
    }

    @Test("rows that are no square grid with a class token are misshaped", arguments: [0, 2, 3])
    func otherRowsAreMisshaped(further: Int) throws {
        let fixture = try BackboneFixture("dinov2-patch14-timm")
        let rows = 16 * 16 + further, width = fixture.description.dim
        for shape in [[1, rows, width], [1, 257, width + 1], [2, 257, width], [257, width]] {
            var state = fixture.weights
            state["pos_embed"] = Tensor(zeros: shape)
            let text = fails(state, fixture)
            #expect(text.contains("1 misshaped: pos_embed: file \(shape)"), "\(text)")
        }
    }

    @Test("a file says itself how its positions are resized")
    func aFileSaysItsRule() throws {
        let fixture = try BackboneFixture("dinov2-patch14-timm")
        var state = fixture.weights
        for rule in PositionRule.allCases {
            state.metadata[PretrainedWeights.positionsKey] = rule.rawValue
            let loaded = try PretrainedWeights.load(
                state, into: fixture.untrained(), from: "file.pth")
            #expect(loaded.positionRule == rule)
        }
        state.metadata[PretrainedWeights.positionsKey] = "other"
        let loaded = try PretrainedWeights.load(state, into: fixture.untrained(), from: "file.pth")
        #expect(PositionRule.allCases.contains(loaded.positionRule))
    }
}

extension ForeignWeightsTests {
    @Test("positions that a clip network learned are not taken for the sines")
    func learnedPositionsAreRefused() throws {
        let fixture = try #require(
            FamilyFixture.all.first { $0.family == .mmactionVideoMAE })
        let native = try fixture.native()
        var file = try fixture.file()
        let width = try #require(native["norm.weight"] ?? native["fc_norm.weight"]).count
        let sines = SinePositions.table(
            grid: 2, to: [2, 2, 2], width: width, rule: .bicubic, dtype: .float32)
        file["pos_embed"] = sines
        #expect(try fixture.match(file, native).report.isEmpty)
        file["pos_embed"] = sines.scaled(by: 0.9)
        #expect(try fixture.match(file, native).report.unexpected == ["pos_embed"])
    }
}
