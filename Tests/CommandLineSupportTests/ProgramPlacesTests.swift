// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import Foundation
import Testing

@Suite("Where files are found") struct ProgramPlacesTests {
    @Test("an installation names its folders from anywhere")
    func installation() throws {
        let folder = try SomeFolder([
            "usr/share/dr2net/tasks/a/recipes/x.yaml", "usr/share/dr2net/tasks/b/recipes/y.yaml",
            "usr/share/dr2net/data-manifests/z.yaml", "data/lidar/scene.las", "data/.staging/x",
        ])
        let program = folder("usr/bin/dr2net"), share = folder("usr/share/dr2net")
        let places = ProgramPlaces(
            environment: ["DR2NET_DATA": folder("data")], executable: program, currentFolder: "/")
        #expect(
            places.rows == [
                ["program", program],
                ["recipes", "\(share)/tasks, 2 recipes (elsewhere by DR2NET_RECIPES)"],
                [
                    "manifests",
                    "\(share)/data-manifests, 1 datasets (elsewhere by DR2NET_MANIFESTS)",
                ],
                ["data", "\(folder("data")), 1 datasets (elsewhere by DR2NET_DATA)"],
            ])
    }

    @Test("what is nowhere says where it was looked for")
    func nowhere() throws {
        let places = ProgramPlaces(
            environment: ["DR2NET_DATA": "/nowhere/data"], executable: "/nowhere/bin/dr2net",
            currentFolder: "/nothing")
        #expect(places.recipes.folder == nil && places.manifests.folder == nil)
        #expect(places.recipes.problem?.contains("/nowhere/bin and /nothing") == true)
        #expect(places.data.folder == "/nowhere/data")
        #expect(
            places.rows.last
                == ["data", "/nowhere/data, is not there yet (elsewhere by DR2NET_DATA)"])
    }
}
