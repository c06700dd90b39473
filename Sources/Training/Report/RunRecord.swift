// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Recipes

/// What a run folder says, read without its lock: of a finished run or of one that goes on.
package struct RunRecord {
    /// A picture that the task left in the folder.
    struct Picture {
        var name: String
        var type: String
        var data: Data
    }

    /// The folder.
    package let path: String
    /// The folder's own name.
    let name: String
    /// The resolved recipe.
    let recipe: String
    /// Every value of the recipe by its dotted path, in the file's order.
    let settings: [(path: String, value: String)]
    /// The metrics.
    let lines: [MetricsLine]
    /// Backbone, classes and the like; nil before the first step.
    let description: RunDescription?
    /// The results; nil while the run goes on.
    let result: RunResult?
    /// Where it was trained last; nil for runs that did not write that down.
    let environment: RunEnvironment?
    /// SVG and PNG files of the folder by name, the largest left out.
    let pictures: [Picture]

    /// The largest picture that a report embeds, in bytes.
    private static let largestPicture = 4 << 20
    private static let pictureCount = 12

    /// Reads a run folder.
    ///
    /// - Throws: One line where it holds no run, or its metrics are damaged.
    package init(_ folder: String) throws {
        guard RunFolder.exists(folder) else {
            throw InputError(
                "\(folder): no run to report on: it has no recipe.yaml; expected a folder that "
                    + "train has written")
        }
        let document = try RecipeDocument(path: folder + "/recipe.yaml")
        path = folder
        name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
        recipe = String(
            decoding: FileManager.default.contents(atPath: folder + "/recipe.yaml") ?? Data(),
            as: UTF8.self)
        settings = document.values
        lines = try RunFolder.metrics(of: folder)
        description = try? RunDescription.read(folder)
        result = RunResult.read(folder)
        environment = RunRecord.decoded("\(folder)/\(RunEnvironment.fileName)")
        let names = try RunFolder.names(folder)
        pictures = names.lazy.compactMap { RunRecord.picture(folder, $0) }
            .prefix(RunRecord.pictureCount).map { $0 }
    }

    private static func picture(_ folder: String, _ name: String) -> Picture? {
        let types = [".svg": "image/svg+xml", ".png": "image/png"]
        let path = "\(folder)/\(name)"
        guard !name.hasPrefix("."), let type = types.first(where: { name.hasSuffix($0.key) }),
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int,
            size <= largestPicture, let data = FileManager.default.contents(atPath: path)
        else { return nil }
        return Picture(name: name, type: type.value, data: data)
    }

    private static func decoded<Value: Decodable>(_ path: String) -> Value? {
        FileManager.default.contents(atPath: path).flatMap {
            try? JSONDecoder().decode(Value.self, from: $0)
        }
    }

    // MARK: What reports show

    /// The value of a key of the recipe.
    func setting(_ path: String) -> String? { settings.first { $0.path == path }?.value }

    /// The lines of training steps.
    var steps: [MetricsLine] { lines.filter { $0.loss != nil } }

    /// The median seconds of the steps in which the backbone was trained, of all where it never was.
    var stepSeconds: Double? {
        let trained = steps.filter { $0.learningRates?[ParameterRole.backbone.rawValue] ?? 0 > 0 }
        return RunSummary(trained.isEmpty ? steps : trained).stepSeconds
    }

    /// The lines of evaluations.
    var evaluations: [MetricsLine] { lines.filter { $0.evaluation != nil } }

    /// The scores of the last evaluation.
    var scores: [String: Double] { evaluations.last?.evaluation ?? [:] }

    /// The names of scores, those of the plain form aside: first the one that the best checkpoint
    /// is kept by, then short ones.
    var scoreNames: [String] {
        let names = Set(evaluations.flatMap { ($0.evaluation ?? [:]).keys })
            .filter { !$0.hasPrefix("plain.") }
        func rank(_ name: String) -> (Int, Int, String) {
            (name == description?.best ? 0 : 1, name.count, name)
        }
        return names.sorted { rank($0) < rank($1) }
    }
}
