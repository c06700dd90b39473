// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// Brings an archive by the ordinary client of its registry, by package name and exact version.
///
/// The user's own settings of pip and apt (mirrors, proxies, certificates) apply.
struct PackageClient {
    let runner: any CommandRunner

    /// Downloads the archive of a source into a folder.
    ///
    /// - Returns: The path of the archive, not yet verified.
    /// - Throws: `InputError` with the client's own reason.
    func download(_ source: Manifest.Source, into folder: String) throws(InputError) -> String {
        guard let name = source.packageName, let version = source.version,
            let archive = source.archive
        else {
            throw InputError("a \(source.kind.rawValue) source is not downloaded")
        }
        let command: Command
        switch source.kind {
        case .pipSdist:
            command = try pip(["--no-binary", name], "\(name)==\(version)", folder)
        case .pipWheel:
            command = try pip(["--only-binary", name], "\(name)==\(version)", folder)
        case .aptDeb:
            command = Command("apt-get", ["-q", "download", "\(name)=\(version)"], folder: folder)
        case .aptSource:
            let options = try sourceLists(in: folder)
            try check(try runner.run(Command("apt-get", options + ["update"])), "apt-get update")
            // The upstream archive only: Debian's packaging file is not needed.
            command = Command(
                "apt-get",
                options + ["source", "--download-only", "--tar-only", "\(name)=\(version)"],
                folder: folder)
        case .project, .manual:
            throw InputError("a \(source.kind.rawValue) source is not downloaded")
        }
        try check(
            try runner.run(command),
            "\(source.kind.client) could not download \(name) \(version)")
        let path = "\(folder)/\(archive.name)"
        guard FileSystem.size(of: path) != nil else {
            let found = FileSystem.names(in: folder).filter { $0 != "apt" }
            throw InputError(
                "\(name) \(version): \(source.kind.client) brought "
                    + "\(found.isEmpty ? "no file" : found.joined(separator: ", ")), "
                    + "expected \(archive.name)")
        }
        return path
    }

    private func pip(
        _ options: [String], _ requirement: String, _ folder: String
    ) throws(InputError) -> Command {
        // Build isolation stays on: a source archive's metadata needs its build tool.
        let arguments =
            ["download", "--no-input", "--disable-pip-version-check", "--quiet", "--no-deps"]
            + options + ["--dest", folder, requirement]
        if runner.hasProgram("pip") { return Command("pip", arguments) }
        if runner.hasProgram("python3") { return Command("python3", ["-m", "pip"] + arguments) }
        throw InputError("neither pip nor python3 is installed; run scripts/install-dependencies")
    }

    /// Options for apt-get that switch source packages on for one call, in a folder of its own.
    ///
    /// The system's lists stay as they are and no root is needed: the sources are copied with
    /// `deb` replaced by `deb-src`, and index files and caches go beside them.
    private func sourceLists(in folder: String) throws(InputError) -> [String] {
        let own = "\(folder)/apt"
        for part in ["sources", "lists/partial", "cache/archives/partial"] {
            try FileSystem.makeFolder("\(own)/\(part)")
        }
        let system = "/etc/apt/sources.list.d"
        let files =
            FileSystem.names(in: system).map { "\(system)/\($0)" } + ["/etc/apt/sources.list"]
        for path in files where path.hasSuffix(".sources") || path.hasSuffix(".list") {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let switched = lines.map { line in
                if line.hasPrefix("Types:") { return "Types: deb-src" }
                return line.hasPrefix("deb ") ? "deb-src \(line.dropFirst(4))" : String(line)
            }
            let copy = "\(own)/sources/\(FileSystem.name(of: path))"
            do {
                try switched.joined(separator: "\n").write(
                    toFile: copy, atomically: false, encoding: .utf8)
            } catch {
                throw InputError("cannot write \(copy); check the folder and its space")
            }
        }
        return [
            "-q", "-o", "Dir::Etc::sourcelist=/dev/null",
            "-o", "Dir::Etc::sourceparts=\(own)/sources",
            "-o", "Dir::State::lists=\(own)/lists", "-o", "Dir::Cache=\(own)/cache",
        ]
    }

    private func check(_ result: CommandResult, _ what: String) throws(InputError) {
        guard result.status != 0 else { return }
        if result.status == 128 + SIGINT || result.status == 128 + SIGTERM {
            throw InputError("\(what): interrupted; fetch again to go on")
        }
        throw InputError(
            "\(what) (exit \(result.status)): \(result.reason); "
                + "check the network and the client's settings, then fetch again")
    }
}

extension Manifest.Kind {
    /// The program that brings it, for messages.
    var client: String {
        switch self {
        case .pipSdist, .pipWheel: "pip"
        case .aptSource, .aptDeb: "apt-get"
        case .project: "the project"
        case .manual: "the user"
        }
    }
}
