// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
package import Recipes

/// A run on disk: `recipe.yaml`, `metrics.jsonl`, `checkpoint-NNNNNN.safetensors`, and the metrics
/// once more as TensorBoard's event files.
///
/// Locked for as long as this object lives, so that no second process writes to it.
package final class RunFolder {
    /// The folder.
    package let path: String
    private let lock: FolderLock
    /// Whether a run none of whose checkpoints can be read begins again, instead of failing.
    let startsOver: Bool
    /// The processes that train this run together; nil where it is one.
    package var ranks: RunRanks?
    /// TensorBoard's file of this process, from the first line on.
    var events: EventFile?

    private init(path: String, lock: FolderLock, startsOver: Bool = false) {
        self.path = path
        self.lock = lock
        self.startsOver = startsOver
    }

    /// The resolved recipe's file.
    package var recipePath: String { path + "/recipe.yaml" }
    /// The metrics' file.
    package var metricsPath: String { path + "/metrics.jsonl" }

    /// Starts a run: makes the folder, locks it and writes the resolved recipe.
    ///
    /// - Throws: where the folder can't be written, is in use, or holds a run already.
    package static func create(_ path: String, recipe: ResolvedRecipe) throws -> RunFolder {
        let path = normalized(path)
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw InputError(
                "\(path): can't make the run folder (\(reason(error))); check the permissions of "
                    + "the folder above it, or choose another with --run")
        }
        let folder = RunFolder(path: path, lock: try FolderLock(folder: path))
        guard !FileManager.default.fileExists(atPath: folder.recipePath),
            try folder.checkpoints().isEmpty
        else {
            throw InputError(
                "\(path): holds a run already; go on with it by --resume \(path), or choose "
                    + "another folder with --run")
        }
        try AtomicFile.write(recipe.yaml, to: folder.recipePath)
        try AtomicFile.write("", to: folder.metricsPath)
        return folder
    }

    /// Whether a folder holds a run, at whatever step.
    package static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/recipe.yaml")
    }

    /// Opens a run to go on with it: locks the folder and clears what a crash left half written.
    ///
    /// - Parameter startsOver: Whether a run none of whose checkpoints can be read begins again.
    /// - Throws: where there is no run, or another process uses it.
    package static func open(_ path: String, startsOver: Bool = false) throws -> RunFolder {
        let path = normalized(path)
        guard exists(path) else {
            throw InputError(
                "\(path): no run to resume: it has no recipe.yaml; expected a folder that train "
                    + "has written")
        }
        let folder = RunFolder(
            path: path, lock: try FolderLock(folder: path), startsOver: startsOver)
        for name in try names(path) where isLeftover(name) {
            unsafe unlink("\(path)/\(name)")
        }
        return folder
    }

    /// Takes a run away that has neither metrics nor checkpoints: one whose data were at fault.
    ///
    /// - Parameter names: Files that the task wrote beside the recipe. Other files stay, and then
    ///   the folder does.
    package func removeIfUnused(also names: [String]) {
        guard (try? metrics().isEmpty) ?? false, (try? checkpoints().isEmpty) ?? false else {
            return
        }
        for name in ["recipe.yaml", "metrics.jsonl", ".lock"] + names {
            unsafe unlink("\(path)/\(name)")
        }
        unsafe rmdir(path)
    }

    // MARK: Names

    static func names(_ path: String) throws(InputError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw InputError("\(path): can't be listed (\(reason(error)))")
        }
    }

    static func step(of name: String) -> Int? {
        guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors") else { return nil }
        let digits = name.dropFirst("checkpoint-".count).dropLast(".safetensors".count)
        return digits.allSatisfy(\.isNumber) ? Int(digits) : nil
    }

    /// A file that `AtomicFile` had not renamed yet when its process died: `.NAME.PID-X.tmp`.
    private static func isLeftover(_ name: String) -> Bool {
        name.wholeMatch(of: /\..+\.[0-9]+-[0-9a-z]+\.tmp/) != nil
    }

    private static func normalized(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func reason(_ error: any Error) -> String {
        let inner = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let code = inner?.code, inner?.domain == NSPOSIXErrorDomain {
            return unsafe String(cString: strerror(Int32(truncatingIfNeeded: code)))
        }
        return error.localizedDescription
    }
}
