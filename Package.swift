// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// A module of the suite: `Sources/<name>`, tested by `Tests/<name>Tests`.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name)] + dependencies)
}

let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")
let orderedCollections = Target.Dependency.product(
    name: "OrderedCollections", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

/// The commit that `--version` prints: `scripts/package` and `scripts/demo` say it.
let commit = Context.environment["DR2NET_COMMIT"] ?? ""

let package = Package(
    name: "dr2net",
    products: [
        .library(name: "Dr2Net", targets: ["Dr2Net"]),
        .executable(name: "dr2net", targets: ["Dr2NetCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The engine, bottom up.
        .target(name: "CKernels"),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        module("Tensors", ["CKernels", "COpenBLAS"]),
        module("Autodiff", ["Tensors"]),
        module("Reversible", ["Tensors", "Autodiff"]),
        module("Layers", ["Tensors", "Autodiff"]),

        // Files in and out.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        module("Files", ["CZlib"]),
        module("TextFormats", ["Files"]),
        module("Console", []),
        module("Preparation", ["Files"]),
        module("Checkpoints", ["Tensors", "Files", "TextFormats", "CZlib", orderedCollections]),
        .target(name: "CFFmpeg", dependencies: ["CFFmpegLibraries"]),
        .systemLibrary(
            name: "CFFmpegLibraries", pkgConfig: "libavformat",
            providers: [.apt(["libavformat-dev", "libavcodec-dev", "libswscale-dev"])]),
        .target(name: "CPixels"),
        .target(name: "CTIFF", dependencies: ["CTIFFLibrary"]),
        .systemLibrary(
            name: "CTIFFLibrary", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"])]),
        module(
            "Media",
            ["CKernels", "Tensors", "Files", "Regions", "CFFmpeg", "CPixels", "CTIFF", "CZlib"]),
        module("Datasets", ["Files", "TextFormats", "Console", yaml]),
        module("Recipes", ["Files", "TextFormats", "Console", orderedCollections, yaml]),

        // Another commit compiles CCommit's one file and nothing else.
        .target(
            name: "CCommit",
            cSettings: commit.isEmpty ? [] : [.define("DR2NET_COMMIT", to: commit)]),
        .target(name: "CVersion", dependencies: ["CCommit"]),

        // What every task shares.
        module(
            "Backbones",
            ["Tensors", "Autodiff", "Layers", "Reversible", "Checkpoints"]),
        module(
            "Optimizers", ["Tensors", "Autodiff", "Layers", "Reversible", "Checkpoints"]),
        // What other packages import.
        module(
            "Dr2Net",
            [
                "Tensors", "Autodiff", "Layers", "Reversible", "Optimizers", "Backbones",
                "Checkpoints",
            ]),
        module("Ranks", []),
        module("Regions", [heap]),
        module("Metrics", ["Regions"]),
        module("Reports", ["Metrics", "Regions", "CZlib"]),
        module(
            "Training",
            [
                "Tensors", "Autodiff", "Layers", "Reversible", "Backbones", "Checkpoints", "Files",
                "TextFormats", "Console", "Recipes", "Ranks", "Metrics", "Reports", "CVersion",
                "Optimizers",
            ]),

        // What backbones cost and how exact they are.
        module(
            "Measurements",
            [
                "Tensors", "Autodiff", "Layers", "Reversible", "Backbones", "Checkpoints", "Files",
                "Media", "Training", "Optimizers",
            ]),

        // What commands of the executable and of the tasks share.
        module(
            "CommandLineSupport",
            [
                "Tensors", "Files", "Console", "Datasets", "Recipes", "Ranks", "Training",
                arguments,
            ]),

        // The tasks.
        .target(
            name: "TemporalActionDetection",
            dependencies: [
                "Tensors", "Autodiff", "Layers", "Reversible", "Backbones", "Checkpoints", "Media",
                "Datasets", "Optimizers", "Regions", "Metrics", "Reports", "Training",
                "TextFormats", "CommandLineSupport", "Files", "Console", "Preparation", "Recipes",
                arguments,
            ],
            path: "tasks/temporal-action-detection/Sources"),
        .target(
            name: "SmallObjectDetection",
            dependencies: [
                "Tensors", "Autodiff", "Layers", "Reversible", "Backbones", "Checkpoints", "Media",
                "Datasets", "Optimizers", "Regions", "Metrics", "Reports", "Training",
                "TextFormats", "CommandLineSupport", "Files", "Console", "Preparation", "Recipes",
                arguments,
            ],
            path: "tasks/small-object-detection/Sources"),
        .target(
            name: "PointCloudAnalysis",
            dependencies: [
                "Tensors", "Autodiff", "Layers", "Reversible", "Backbones", "Checkpoints",
                "Datasets", "Metrics", "Reports", "Optimizers", "Training", "CommandLineSupport",
                "Files",
                "TextFormats", "Console", "Preparation", "Recipes", arguments,
            ],
            path: "tasks/point-cloud-analysis/Sources"),
        // The program; its module's name differs from the library's by more than capitals.
        .executableTarget(
            name: "Dr2NetCommand",
            dependencies: [
                "Tensors", "Autodiff", "Reversible", "Layers", "Backbones", "Checkpoints",
                "Media", "Datasets", "Reports", "Optimizers", "Training",
                "Measurements",
                "TemporalActionDetection", "SmallObjectDetection", "PointCloudAnalysis",
                "CommandLineSupport", "Files", "Console", arguments,
            ]),

        // What Benchmarks/ measures below a whole step.
        .executableTarget(
            name: "OperationTimes", dependencies: ["Tensors"], path: "Benchmarks/OperationTimes"),
        .executableTarget(
            name: "ClipTimes", dependencies: ["Media"], path: "Benchmarks/ClipTimes"),
        .executableTarget(
            name: "PointTimes",
            dependencies: [
                "Tensors", "Autodiff", "Layers", "Reversible", "Backbones", "Checkpoints",
                "Console",
                "Optimizers", "Training", "PointCloudAnalysis",
            ],
            path: "Benchmarks/PointTimes"),

        // Tests mirror the targets.
        .target(name: "FuzzSupport", path: "Tests/FuzzSupport"),
        .executableTarget(
            name: "fuzz-files",
            dependencies: [
                "Checkpoints", "Media", "Regions", "PointCloudAnalysis", "SmallObjectDetection",
                "FuzzSupport",
                arguments,
            ],
            path: "Tests/Fuzz"),
        .target(
            name: "TestSupport", dependencies: ["Tensors", "Autodiff", "Files", "Ranks"],
            path: "Tests/TestSupport"),
        tests(of: "Tensors", ["TestSupport"]),
        tests(of: "Autodiff", ["TestSupport", "Tensors"]),
        tests(of: "Reversible", ["TestSupport", "Tensors", "Autodiff"]),
        tests(of: "Layers", ["TestSupport", "Tensors", "Autodiff"]),
        tests(of: "Checkpoints", ["TestSupport", "FuzzSupport", "Tensors", "Files"]),
        tests(of: "Files", ["TestSupport", "Checkpoints"]),
        tests(of: "TextFormats", ["Files"]),
        tests(of: "Console", ["Recipes", "Training"]),
        tests(of: "Recipes", ["TestSupport", "Console", "Optimizers", "Training"]),
        tests(of: "Preparation", ["Files"]),
        tests(of: "Media", ["TestSupport", "FuzzSupport", "Tensors", "Files", "Regions", "CZlib"]),
        tests(of: "Datasets", ["Files", "Checkpoints"]),
        tests(
            of: "Backbones",
            [
                "TestSupport", "Tensors", "Autodiff", "Layers", "Reversible",
                "Checkpoints", "Datasets", "Optimizers", "Training",
            ]),
        tests(
            of: "Optimizers",
            [
                "TestSupport", "Tensors", "Autodiff", "Layers", "Reversible", "Checkpoints",
                "Backbones",
            ]),
        tests(of: "Ranks", ["TestSupport"]),
        tests(
            of: "Measurements",
            [
                "Tensors", "Autodiff", "Layers", "Reversible", "Checkpoints",
                "Backbones", "Optimizers",
            ]),
        tests(of: "CommandLineSupport", ["Console", "Datasets", "Training"]),
        tests(of: "Regions", []),
        tests(of: "Metrics", ["Regions"]),
        tests(of: "Reports", ["Media", "Regions", "Metrics"]),
        tests(
            of: "Training",
            [
                "TestSupport", "Tensors", "Autodiff", "Layers", "Reversible",
                "Files", "Console", "Checkpoints", "Recipes", "Optimizers", "Ranks",
                "Metrics", "Reports",
            ]),
        tests(
            of: "TemporalActionDetection",
            [
                "TestSupport", "Tensors", "Autodiff", "Layers", "Reversible",
                "Files", "Console", "Checkpoints", "Media", "Datasets", "Recipes",
                "Backbones", "Optimizers", "Regions", "Metrics", "Reports", "Training",
                "Preparation", "CommandLineSupport",
            ]),
        tests(
            of: "SmallObjectDetection",
            [
                "TestSupport", "FuzzSupport", "Tensors", "Autodiff", "Layers",
                "Reversible", "Files", "Console", "Checkpoints", "Media", "Recipes",
                "Backbones", "Optimizers", "Regions", "Metrics", "Reports", "Training",
                "Preparation",
            ]),
        tests(
            of: "PointCloudAnalysis",
            [
                "TestSupport", "FuzzSupport", "Tensors", "Autodiff", "Layers",
                "Reversible", "Optimizers", "Files", "Console", "Checkpoints", "Recipes",
                "Backbones", "Metrics", "Reports", "Training", "Preparation",
            ]),
        // A task made from the checklist in CONTRIBUTING.md.
        .testTarget(
            name: "FourthTaskTests",
            dependencies: [
                "TestSupport", "Tensors", "Autodiff", "Layers", "Reversible", "Files",
                "TextFormats", "Optimizers",
                "Console", "Recipes", "Reports", "Training", "CommandLineSupport", arguments,
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Checkpoints", "Datasets", "Recipes", "Tensors", "TextFormats", "Dr2NetCommand",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)

// The same language features everywhere.
for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .strictMemorySafety(),
    ]
}
