// SPDX-License-Identifier: Apache-2.0
import Testing

/// Wrong usage is 64 and says what was expected, before anything is read.
@Suite("Usage") struct UsageTests {
    private static let features = [
        "backbone", "features", "--backbone", "vit-tiny-16", "--weights", "w", "--input", "i",
        "--output", "o",
    ]
    private static let evaluate = [
        "tad", "evaluate", "--ground-truth", "g", "--predictions", "p",
    ]
    private static let detect = [
        "detect", "evaluate", "--ground-truth", "g", "--predictions", "p",
    ]
    private static let prepare = [
        "detect", "prepare", "--annotations", "a", "--images", "i", "--output", "o", "--format",
    ]
    private static let profile = ["backbone", "profile", "--backbone", "vit-tiny-16"]

    /// Arguments and a part of the complaint.
    ///
    /// A type beside a long literal spares the compiler half a minute.
    private static let wrong: [([String], String)] = [
        (["nonsense"], "nonsense"),
        (["data", "show"], "name"),
        (["info", "--threads", "0"], "1 to 1024"),
        (["info", "--threads", "many"], "threads"),
        (["info", "--seed", "-1"], "seed"),
        (["clip", "v", "--output", "o"], "frames"),
        (["clip", "v", "--output", "o", "--frames", "0"], "1 to 65536"),
        (["clip", "v", "--output", "o", "--frames", "4", "--start", "nan"], "seconds"),
        (["clip", "v", "--output", "o", "--frames", "4", "--stride", "0"], "more than 0"),
        (["clip", "v", "--output", "o", "--frames", "4", "--size", "99999"], "8192"),
        (
            ["clip", "v", "--output", "o", "--frames", "60000", "--size", "8000"], "at most 2^31"
        ),
        (evaluate + ["--tiou", "0.9:0.1:0.1"], "rising numbers"),
        (evaluate + ["--fail-below", "2"], "0 to 1"),
        (detect + ["--fail-below", "-1"], "fail-below"),
        (detect + ["--fail-below", "1.5"], "0 to 1"),
        (detect + ["--protocol", "voc"], "ai-tod"),
        (prepare + ["labelme"], "visdrone"),
        (prepare + ["yolo", "--split", "val"], "data.yaml"),
        (
            ["detect", "prepare", "--annotations", "a", "--output", "o", "--format", "voc"],
            "--images"
        ),
        (prepare + ["yolo", "--classes", "a,,b"], "different names"),
        (prepare + ["coco", "--classes", "a,a"], "different names"),
        (prepare + ["visdrone", "--classes", "a"], "fixed"),
        (detect + ["--max-detections", "1,10,5"], "rising numbers"),
        (detect + ["--max-detections", "0,1"], "rising numbers"),
        (detect + ["--max-detections", "1,,2"], "rising numbers"),
        (["backbone", "features", "--backbone", "vit-huge"], "vit-tiny-16"),
        (features + ["--way", "magic"], "conventional"),
        (features + ["--policy", "paper"], "--way dr2net"),
        (features + ["--way", "dr2net", "--alpha", "1"], "together"),
        (features + ["--way", "dr2net", "--alpha", "1", "--beta", "0"], "without 0"),
        (features + ["--way", "dr2net", "--alpha", "3", "--beta", "1"], "0 to 2"),
        (features + ["--way", "dr2net", "--alpha", "nan", "--beta", "1"], "0 to 2"),
        (features + ["--way", "dr2net", "--policy", "fixed"], "--alpha and --beta"),
        (features + ["--way", "conventional", "--tile", "8"], "--tile"),
        (features + ["--positions", "nearest"], "bicubic"),
        (["backbone", "gradients"] + features.dropFirst(2) + ["--way", "frozen"], "no gradients"),
        (["backbone", "gradients"] + features.dropFirst(2) + ["--dtype", "half"], "float64"),
        (profile + ["--input-shape", "1,3,0,32"], "16,3,224,224"),
        (profile + ["--input-shape", "9999999999,9999999999,9,9"], "16,3,224,224"),
        (profile + ["--input-shape", "1,3,32,32", "--steps", "0"], "--steps"),
        (profile + ["--input-shape", "1,3,32,32", "--moment-bits", "16"], "expected 32 or 8"),
        (["backbone", "error-map", "--backbone", "vit-tiny-16", "--points", "1"], "2 to 21"),
        (["backbone", "error-map", "--backbone", "vit-tiny-16", "--tile", "0"], "--tile"),
        (["backbone", "convert", "a.pth", "b.pth"], "ends in .safetensors"),
        (["backbone", "convert", "a.pth", "b.safetensors", "--to", "timm"], "together"),
        (["backbone", "convert", "a.pth", "b.safetensors", "--allow-missing", "*"], "--to"),
        (
            [
                "backbone", "convert", "a.pth", "b.safetensors", "--to", "swin", "--backbone",
                "vit-tiny-16",
            ], "timm, transformers-vit"
        ),
        (["points", "prepare", "r.yaml", "--seed", "1"], "the same for every seed"),
        (["backbone", "surrogate", "--backbone", "vit-tiny-16", "--weights", "w"], "inputs"),
    ]

    @Test(arguments: wrong)
    func wrongUsageIsCode64(arguments: [String], expected: String) throws {
        let run = try CommandRun(arguments)
        #expect(run.code == 64)
        #expect(run.output.isEmpty)
        #expect(run.complaint.contains(expected), "\(run.complaint)")
    }
}
