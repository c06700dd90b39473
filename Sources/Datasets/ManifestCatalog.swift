// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import TextFormats

/// The folder of manifests, one `<name>.yaml` a dataset.
package struct ManifestCatalog: Sendable {
    /// The folder with the YAML files, absolute.
    package let folder: String

    /// The manifests of a folder.
    package init(folder: String) { self.folder = FileSystem.absolute(folder) }

    private static let shipped = ShippedFolder(
        name: "data-manifests", variable: "DR2NET_MANIFESTS", content: "with .yaml files",
        isOne: { !ShippedFolder.documents(in: $0).isEmpty })

    /// Finds the catalogue, whatever the working directory.
    ///
    /// `DR2NET_MANIFESTS` names its folder; else it is the first `data-manifests` or
    /// `share/dr2net/data-manifests` with manifests, going up from the executable, then from the
    /// current directory.
    ///
    /// - Throws: `InputError` that lists where it looked.
    package static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String? = RunningProgram.executable,
        currentFolder: String = FileManager.default.currentDirectoryPath
    ) throws(InputError) -> ManifestCatalog {
        ManifestCatalog(
            folder: try shipped.find(
                environment: environment, executable: executable, currentFolder: currentFolder))
    }

    /// The names of all datasets, sorted.
    package var names: [String] { ShippedFolder.documents(in: folder) }

    /// All manifests, by name.
    ///
    /// - Throws: `InputError` for the first one that is not sound.
    package func manifests() throws(InputError) -> [Manifest] {
        var all: [Manifest] = []
        for name in names { all.append(try manifest(named: name)) }
        return all
    }

    /// Reads one manifest.
    ///
    /// - Throws: `InputError`: unknown name (with the nearest known one), or what is wrong with
    ///   the file.
    package func manifest(named name: String) throws(InputError) -> Manifest {
        guard names.contains(name) else {
            let hint =
                NearestName.of(name, among: names).map { "did you mean \"\($0)\"?" }
                ?? "known datasets: \(names.joined(separator: ", "))"
            throw InputError("no dataset is called \"\(name)\"; \(hint)")
        }
        let path = "\(folder)/\(name).yaml"
        guard let size = FileSystem.size(of: path), size <= ManifestReader.largestText,
            let data = FileManager.default.contents(atPath: path)
        else {
            throw InputError("\(path): cannot be read, expected a YAML file of at most 4 MiB")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw InputError("\(path): not UTF-8 text")
        }
        return try ManifestReader.read(text, path: path, name: name)
    }

    /// Where a file of a `project` source lies: beside the manifest, in the dataset's folder.
    func projectFile(_ member: String, of dataset: String) -> String {
        "\(folder)/\(dataset)/\(member)"
    }
}
