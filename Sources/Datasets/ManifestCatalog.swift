// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The folder of manifests, one `<name>.yaml` a dataset.
package struct ManifestCatalog: Sendable {
    /// The folder with the YAML files, absolute.
    package let folder: String

    package init(folder: String) { self.folder = FileSystem.absolute(folder) }

    /// Finds the catalogue, whatever the working directory: `DR2NET_MANIFESTS`; then, going up
    /// from the executable, the first `data-manifests` or `share/dr2net/data-manifests` (the
    /// package's root, or the prefix of an installation); then the same going up from the current
    /// directory.
    ///
    /// - Throws: `DatasetError` that lists where it looked.
    package static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String? = ManifestCatalog.executable,
        currentFolder: String = FileManager.default.currentDirectoryPath
    ) throws(DatasetError) -> ManifestCatalog {
        if let given = environment["DR2NET_MANIFESTS"], !given.isEmpty {
            if hasManifests(given) { return ManifestCatalog(folder: given) }
            throw DatasetError(
                .manifest,
                "DR2NET_MANIFESTS is \(given), which holds no .yaml file; "
                    + "set it to the folder data-manifests of the project, or unset it")
        }
        let starts = [executable.map(FileSystem.folder(of:)), currentFolder].compactMap(\.self)
        for start in starts {
            var folder = FileSystem.absolute(start)
            while true {
                for place in ["data-manifests", "share/dr2net/data-manifests"] {
                    let candidate = folder == "/" ? "/\(place)" : "\(folder)/\(place)"
                    if hasManifests(candidate) { return ManifestCatalog(folder: candidate) }
                }
                if folder == "/" { break }
                folder = FileSystem.folder(of: folder)
            }
        }
        throw DatasetError(
            .manifest,
            "no folder data-manifests with .yaml files: looked in and above "
                + starts.joined(separator: " and ") + "; set DR2NET_MANIFESTS to it")
    }

    /// The path of the running program, links resolved.
    package static var executable: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    private static func hasManifests(_ folder: String) -> Bool {
        FileSystem.names(in: folder).contains { $0.hasSuffix(".yaml") }
    }

    /// The names of all datasets, sorted.
    package var names: [String] {
        FileSystem.names(in: folder).filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }
            .map { String($0.dropLast(".yaml".count)) }.sorted()
    }

    /// All manifests, by name.
    ///
    /// - Throws: `DatasetError` for the first one that is not sound.
    package func manifests() throws(DatasetError) -> [Manifest] {
        var all: [Manifest] = []
        for name in names { all.append(try manifest(named: name)) }
        return all
    }

    /// Reads one manifest.
    ///
    /// - Throws: `DatasetError`: unknown name (with the nearest known one), or what is wrong with
    ///   the file.
    package func manifest(named name: String) throws(DatasetError) -> Manifest {
        guard names.contains(name) else {
            let hint =
                NearestName.of(name, among: names).map { "did you mean \"\($0)\"?" }
                ?? "known datasets: \(names.joined(separator: ", "))"
            throw DatasetError(.unknownDataset, "no dataset is called \"\(name)\"; \(hint)")
        }
        let path = "\(folder)/\(name).yaml"
        guard let size = FileSystem.size(of: path), size <= ManifestReader.largestText,
            let data = FileManager.default.contents(atPath: path)
        else {
            throw DatasetError(
                .manifest, "\(path): cannot be read, expected a YAML file of at most 4 MiB")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw DatasetError(.manifest, "\(path): not UTF-8 text")
        }
        return try ManifestReader.read(text, path: path, name: name)
    }

    /// Where a file of a `project` source lies: beside the manifest, in the dataset's folder.
    func projectFile(_ member: String, of dataset: String) -> String {
        "\(folder)/\(dataset)/\(member)"
    }
}
