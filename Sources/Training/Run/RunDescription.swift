// SPDX-License-Identifier: Apache-2.0
package import Backbones
import Checkpoints
package import Files
import Foundation

/// What a run folder says beside its recipe: enough to predict and to export without the data.
package struct RunDescription: Codable, Sendable, Equatable {
    /// The task's command, such as `tad`.
    package var task: String
    /// The backbone's name; `features` where the run began from precomputed features.
    package var backbone: String
    /// The key names of the pretrained file; nil for random weights.
    package var family: String?
    /// How the backbone resizes its learned positions; nil where it has none.
    package var positions: String?
    /// Side of the grid of the backbone's learned positions; nil where it has none, or in runs of
    /// before, which have the catalogue's.
    package var positionGrid: Int?
    /// The classes in the order of the head's labels.
    package var labels: [String]
    /// The numbers by which the data set names them; nil where it has none.
    package var labelIDs: [Int]?
    /// Channels of the precomputed features; nil with a backbone.
    package var featureWidth: Int?
    /// Where the weights of step 0 come from, where that is another run.
    package var startedFrom: StartingPoint?
    /// The score by which the run keeps its best checkpoint, to predict with; nil for the newest.
    package var best: String?

    /// ``positions`` as a rule; nil where there is none, or an unknown one.
    package var positionRule: PositionRule? { positions.flatMap(PositionRule.init(rawValue:)) }

    /// Gives a backbone of random weights the positions of the run's, before its checkpoint.
    package func preparePositions(of backbone: any Backbone) {
        if let positionRule, backbone.positionRule != nil { backbone.positionRule = positionRule }
        if let positionGrid, backbone.positionGrid != nil { backbone.positionGrid = positionGrid }
    }

    /// The name of the file in a run folder.
    package static let fileName = "model.json"

    /// The description of a network as it is after loading.
    package init(
        task: String, _ network: PretrainedBackbone, labels: [String], labelIDs: [Int]? = nil
    ) {
        self.task = task
        backbone = network.backbone.name
        family = network.family?.rawValue
        positions = network.backbone.positionRule?.rawValue
        positionGrid = network.backbone.positionGrid
        self.labels = labels
        self.labelIDs = labelIDs
    }

    /// The description of a head on precomputed features.
    package init(task: String, featureWidth: Int, labels: [String]) {
        self.task = task
        backbone = "features"
        self.labels = labels
        self.featureWidth = featureWidth
    }

    /// What is said before work with a backbone that no file has been read for.
    package static let randomWeights =
        "random weights: backbone.weights names no file, so the backbone begins untrained"

    /// Reads `model.json` of a run folder.
    ///
    /// - Parameter task: Whose run it must be; nil takes any.
    package static func read(
        _ folder: String, task: String? = nil
    ) throws(InputError) -> RunDescription {
        let path = "\(folder)/\(fileName)"
        guard let data = FileManager.default.contents(atPath: path),
            let value = try? JSONDecoder().decode(RunDescription.self, from: data)
        else {
            throw InputError(
                "\(path): missing or damaged; expected the folder of a dr2net "
                    + "\(task.map { "\($0) " } ?? "")train run")
        }
        guard task == nil || task == value.task else {
            throw InputError(
                "\(path): is a run of dr2net \(value.task), expected one of dr2net "
                    + "\(task ?? ""); name the folder of such a run")
        }
        return value
    }

    /// The checkpoint to predict with and to export: that of the best evaluation where the run
    /// keeps it, else the newest.
    ///
    /// - Parameter warn: Told about each damaged newer one, in one line.
    /// - Throws: Where there is none yet, or none can be read.
    package func checkpoint(
        of folder: String, warn: (String) -> Void
    ) throws -> TrainingCheckpoint {
        if let best, let found = BestScore(best, in: try RunFolder.metrics(of: folder)),
            let file = try RunFolder.checkpoints(of: folder).first(where: { $0.step == found.step })
        {
            return try TrainingCheckpoint(path: file.path)
        }
        guard let newest = try RunFolder.latestCheckpoint(of: folder, warn: warn) else {
            throw InputError("\(folder): no checkpoint yet; train first, or wait for one")
        }
        return newest
    }

    /// Writes `model.json` of a run folder.
    func write(_ folder: String) throws {
        try JSONFile.write(self, to: "\(folder)/\(RunDescription.fileName)")
    }
}
