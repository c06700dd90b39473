// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let library = Target.Dependency.product(name: "Dr2Net", package: "dr2net")

let package = Package(
    name: "dr2net-examples",
    dependencies: [.package(name: "dr2net", path: "..")],
    targets: [
        .executableTarget(name: "OwnNetwork", dependencies: [library]),
        .executableTarget(name: "FeatureExtractor", dependencies: [library]),
        .executableTarget(name: "ExactReversal", dependencies: [library]),
    ],
    swiftLanguageModes: [.v6]
)
