// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Runs programs by `posix_spawn`.
///
/// Not by Foundation's `Process`, which puts a child into a process group of its own: Ctrl-C would
/// then end us and leave the client downloading.
package struct SystemCommandRunner: CommandRunner {
    /// A runner of the system's programs.
    package init() {}

    /// Whether the program is found in the folders of `PATH`.
    package func hasProgram(_ name: String) -> Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
            .split(separator: ":")
        return folders.contains { unsafe access("\($0)/\(name)", X_OK) == 0 }
    }

    /// Runs a program to its end.
    package func run(_ command: Command) throws(InputError) -> CommandResult {
        // The spawn would fail with the same error number as for a missing program.
        if let input = command.input, unsafe access(input, R_OK) != 0 {
            throw InputError("\(input): cannot be read: \(reason()); check the file and its mode")
        }
        let errors = try CaptureFile()
        let output = try command.output == nil ? CaptureFile() : nil
        let child = try spawn(command, output: output, errors: errors)
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else {
                throw InputError("\(command.executable): lost while it ran (\(reason()))")
            }
        }
        let signal = status & 0x7f
        return CommandResult(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: output?.tail() ?? "", errorOutput: errors.tail())
    }

    private func spawn(
        _ command: Command, output: CaptureFile?, errors: CaptureFile
    ) throws(InputError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(
            &actions, 0, command.input ?? "/dev/null", O_RDONLY, 0)
        if let path = command.output {
            unsafe posix_spawn_file_actions_addopen(
                &actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        } else if let output {
            unsafe posix_spawn_file_actions_adddup2(&actions, output.descriptor, 1)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, errors.descriptor, 2)
        // The child may be interrupted even where this program ignores or blocks signals.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { unsafe sigaddset(&defaults, signal) }
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))

        // Messages are searched for their meaning, so they must not be translated.
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C.UTF-8"
        // Swift's view of glibc has no posix_spawn_file_actions_addchdir_np; env does the same.
        let program = [command.executable] + command.arguments
        let words = command.folder.map { ["env", "-C", $0] + program } ?? program
        let arguments = CStrings(words)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        var child = pid_t()
        let code = unsafe posix_spawnp(
            &child, words[0], &actions, &attributes, arguments.pointers,
            variables.pointers)
        guard code == 0 else {
            throw InputError(
                "cannot start \(command.executable): \(reason(code)); "
                    + "scripts/install-dependencies installs what is missing")
        }
        return child
    }
}

/// The system's words for an error number.
func reason(_ code: Int32 = errno) -> String { unsafe String(cString: strerror(code)) }

/// An unnamed temporary file that takes what a program prints: no pipe to fill up.
private final class CaptureFile {
    let descriptor: Int32

    init() throws(InputError) {
        let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(folder)/dr2net-XXXXXX".utf8CString)
        descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else {
            throw InputError("cannot create a temporary file in \(folder): \(reason()); set TMPDIR")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unsafe unlink(template)
    }

    deinit { close(descriptor) }

    /// The last 64 KiB.
    func tail() -> String {
        let end = lseek(descriptor, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: Int(min(end, 64 << 10)))
        let read = unsafe pread(descriptor, &bytes, bytes.count, end - off_t(bytes.count))
        return String(decoding: bytes.prefix(max(0, read)), as: UTF8.self)
    }
}

/// A null-terminated array of C strings, freed with this object.
@safe private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            unsafe pointers[index] = unsafe strdup(string)
        }
        unsafe pointers[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
