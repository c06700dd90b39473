// SPDX-License-Identifier: Apache-2.0
// A published network as a feature extractor with a new head: FeatureExtractor [WEIGHTS]
//
// WEIGHTS is a checkpoint of DINOv2 ViT-S/14 (PyTorch, safetensors, ONNX) under any known names;
// without one the weights of a ViT-Ti/16 are random.
import Dr2Net

let path = CommandLine.arguments.dropFirst().first
let name = path == nil ? "vit-tiny-16" : "dinov2-small-14"
guard let entry = BackboneCatalog.entry(name) else { preconditionFailure("no network \(name)") }
let key = RandomKey(seed: 1)
let backbone = entry.make(key: key)
if let path {
    let found = try PretrainedWeights.load(
        try CheckpointFile.read(path), into: backbone, from: path)
    print(found.summary)
}
print(ModuleTree(backbone))

// Pictures [16, 3, 56 or 64, …] of two kinds: bright above, or bright below.
let side = entry.input.multiple * 4, labels = (0..<16).map { Int32($0 % 2) }
let pictures = labels.enumerated().map { index, label in
    let noise = Tensor(normal: [1, 3, side, side], standardDeviation: 0.5, key: key.child(index))
    let bright = (0..<3 * side * side).map { place -> Float in
        (place / side % side < side / 2) == (label == 0) ? 1 : -1
    }
    return noise + Tensor(bright, shape: [1, 3, side, side])
}

// Its features once, [16, C]: the mean over tokens, nothing kept for a backward pass.
let features = try backbone.features(Variable(.joiningRows(pictures)), .inference).tokenMean()
print("features \(features.shape) of pictures [16, 3, \(side), \(side)]")

let head = Linear(backbone.featureWidth, 2, key: key.child("head"))
let optimizer = AdamW(head, rate: 1e-2)
var losses: [Double] = []
for step in 0..<40 {
    losses.append(
        try optimizer.step(step) { head(features, $0).smoothCrossEntropy(targets: labels) }.loss)
}
print("loss of the head \(losses[0]) to \(losses[39])")
precondition(losses[39] < losses[0] / 2)
