// SPDX-License-Identifier: Apache-2.0
import Files

/// How one member leaves one archive: a program that prints it to standard output.
///
/// The output file is ours, so no name inside an archive can decide where bytes are written.
enum UnpackStep: Equatable {
    case tar
    case zip
    case deb

    /// By the archive's name; none for other kinds of file.
    init?(archive name: String) {
        if name.hasSuffix(".tar.gz") || name.hasSuffix(".tgz") || name.hasSuffix(".tar") {
            self = .tar
        } else if name.hasSuffix(".whl") || name.hasSuffix(".zip") || name.hasSuffix(".sh3f") {
            self = .zip
        } else if name.hasSuffix(".deb") {
            self = .deb
        } else {
            return nil
        }
    }

    /// Writes `member` of `archive` to `output`.
    ///
    /// - Parameter scratch: a path for an intermediate file, removed afterwards.
    /// - Throws: `InputError` when the member is missing or the archive is damaged.
    func unpack(
        _ member: String, of archive: String, to output: String, scratch: String,
        by runner: any CommandRunner
    ) throws(InputError) {
        let command: Command
        switch self {
        case .tar:
            command = Self.tar(archive, member, output)
        case .zip:
            // unzip takes names as patterns.
            let literal = member.reduce(into: "") { text, letter in
                text += "[]*?\\".contains(letter) ? "\\\(letter)" : "\(letter)"
            }
            command = Command("unzip", ["-p", archive, literal], output: output)
        case .deb:
            defer { FileSystem.remove(scratch) }
            let whole = Command("dpkg-deb", ["--fsys-tarfile", archive], output: scratch)
            try Self.check(try runner.run(whole), whole, member, archive)
            let inner = Self.tar(scratch, "./\(member)", output)
            return try Self.check(try runner.run(inner), inner, member, archive)
        }
        try Self.check(try runner.run(command), command, member, archive)
    }

    private static func tar(_ archive: String, _ member: String, _ output: String) -> Command {
        // Only the first occurrence, so that tar stops there instead of reading on to the end;
        // --force-local, so that a colon in the path is no host name.
        Command(
            "tar",
            ["--force-local", "-xOf", archive, "--occurrence=1", "--no-wildcards", "--", member],
            output: output)
    }

    private static func check(
        _ result: CommandResult, _ command: Command, _ member: String, _ archive: String
    ) throws(InputError) {
        guard result.status != 0 else { return }
        throw InputError(
            "\(FileSystem.name(of: archive)): cannot unpack \"\(member)\" "
                + "(\(command.executable), exit \(result.status)): \(result.reason)")
    }
}
