// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Testing

@Suite("Finding manifests") struct ManifestCatalogTests {
    @Test func theEnvironmentComesFirst() throws {
        let folder = try TemporaryFolder()
        try folder.write("x: 1", to: "elsewhere/a.yaml")
        try folder.write("x: 1", to: "root/data-manifests/b.yaml")
        let catalog = try ManifestCatalog.find(
            environment: ["DR2NET_MANIFESTS": "\(folder.path)/elsewhere"],
            executable: "\(folder.path)/root/.build/release/dr2net", currentFolder: "/")
        #expect(catalog.names == ["a"])
    }

    @Test func theExecutablesPackageComesBeforeTheCurrentFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("x: 1", to: "root/data-manifests/b.yaml")
        try folder.write("x: 1", to: "project/data-manifests/c.yaml")
        try folder.write("", to: "project/deep/down/file")
        let built = try ManifestCatalog.find(
            environment: [:], executable: "\(folder.path)/root/.build/release/dr2net",
            currentFolder: "\(folder.path)/project")
        #expect(built.names == ["b"])
        let copied = try ManifestCatalog.find(
            environment: [:], executable: "/nowhere/dr2net",
            currentFolder: "\(folder.path)/project/deep/down")
        #expect(copied.names == ["c"])
    }

    @Test func anInstallationKeepsThemInShare() throws {
        let folder = try TemporaryFolder()
        try folder.write("x: 1", to: "usr/share/dr2net/data-manifests/d.yaml")
        let catalog = try ManifestCatalog.find(
            environment: [:], executable: "\(folder.path)/usr/bin/dr2net", currentFolder: "/")
        #expect(catalog.names == ["d"])
    }

    @Test func theErrorSaysWhereItLooked() throws {
        let nowhere = try #require(
            error {
                _ = try ManifestCatalog.find(
                    environment: [:], executable: "/nowhere/bin/dr2net", currentFolder: "/nothing")
            })
        #expect(nowhere.description.contains("/nowhere/bin and /nothing"))
        #expect(nowhere.description.contains("DR2NET_MANIFESTS"))
        let wrong = try #require(
            error {
                _ = try ManifestCatalog.find(
                    environment: ["DR2NET_MANIFESTS": "/nothing"], executable: nil,
                    currentFolder: "/")
            })
        #expect(wrong.description.contains("DR2NET_MANIFESTS is /nothing"))
    }

    @Test(arguments: [
        ("big-buk-bunny", "did you mean \"big-buck-bunny\"?"),
        ("dinov2", "did you mean \"dinov2-small\"?"),
        ("../big-buck-bunny", "did you mean \"big-buck-bunny\"?"),
        ("imagenet-21k-full", "known datasets: action-clips, activitynet"),
        ("", "known datasets:"),
    ])
    func anUnknownNameGetsTheNearestOne(name: String, hint: String) throws {
        let error = try #require(
            error { _ = try repositoryCatalog.manifest(named: name) })
        #expect(error.description.contains("\"\(name)\""))
        #expect(error.description.contains(hint), "\(error)")
    }
}
