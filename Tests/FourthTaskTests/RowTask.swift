// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Console
import Files
import Layers
import Reports
import Reversible
import Tensors
import TextFormats
import Training

/// Rows of numbers and their classes.
struct RowTable {
    let rows: [[Float]]
    let classes: [String]
    let names: [String]

    init(_ path: String) throws {
        var rows: [[Float]] = [], classes: [String] = []
        for row in try CSVText.read(path, expected: "a CSV file of rows").rows {
            let values = row.fields.dropLast().compactMap { Float($0) }
            guard let name = row.fields.last, values.count == row.fields.count - 1, !values.isEmpty,
                values.count == rows.first?.count ?? values.count
            else {
                throw InputError(
                    "line \(row.line): expected numbers, as many as in the first, then a class",
                    path: path)
            }
            rows.append(values)
            classes.append(name)
        }
        self.rows = rows
        self.classes = classes
        names = Set(classes).sorted()
    }
}

/// Two linear layers.
final class RowNetwork: Module {
    let first, last: Linear

    init(inputs: Int, hidden: Int, classes: Int, key: RandomKey) {
        first = Linear(inputs, hidden, key: key.child("first"))
        last = Linear(hidden, classes, key: key.child("last"))
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("first", first)
        registry.child("last", last)
    }

    func callAsFunction(_ rows: [[Float]], _ context: Context) -> Variable {
        let x = Variable(Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]))
        return last(first(x, context).gelu(), context)
    }
}

/// The task.
final class RowTask: RunnableTask {
    let plan: FinetuningPlan
    let description: RunDescription
    let loadTimer = LoadTimer()
    let meter = WorkMeter()
    private let network: RowNetwork
    private let table: RowTable

    init(_ recipe: RowRecipe, folder: RunFolder, progress: ProgressLine) throws {
        table = try RowTable(recipe.table)
        network = RowNetwork(
            inputs: table.rows[0].count, hidden: recipe.hidden, classes: table.names.count,
            key: RandomKey(seed: recipe.training.seed))
        description = RunDescription(
            task: RowRecipe.task, featureWidth: table.rows[0].count, labels: table.names)
        plan = try FinetuningPlan(
            recipe.shared, sampleCount: table.rows.count,
            freezing: [RoleGroup(.head, network)])
    }

    var dataIdentity: DataIdentity {
        DataIdentity(
            labels: table.names, samples: table.rows.count,
            parts: ["rows": table.rows.map { "\($0)" }])
    }
    var parameterGroups: [RoleGroup] { [RoleGroup(.head, network)] }

    func losses(samples: [Int], position: StepPosition, context: Context) throws -> StepLosses {
        let targets = samples.map { Int32(table.names.firstIndex(of: table.classes[$0]) ?? 0) }
        return StepLosses(
            total: network(samples.map { table.rows[$0] }, context)
                .softmaxCrossEntropy(
                    targets: targets,
                    weights: Array(repeating: 1 / Double(targets.count), count: targets.count)))
    }

    func evaluate(_ way: FinetuningWay, after step: Int) throws -> [String]? {
        RowPredictor.names(of: table.rows, network, table.names)
    }

    func scores(_ found: [String]) -> [(name: String, value: Double)] {
        let right = zip(found, table.classes).count { $0 == $1 }
        return [("OA", Double(right) / Double(found.count))]
    }

    func write(_ found: [String], to folder: RunFolder) throws -> OutcomeReport? {
        try AtomicFile.write(found.joined(separator: "\n") + "\n", to: folder.path + "/rows.txt")
        return nil
    }

    func baselines(_ found: [String]?) throws -> [String: [String: Double]] { [:] }
}

/// Classes of new rows by a trained run.
struct RowPredictor {
    private let network: RowNetwork
    private let names: [String]

    init(run folder: String) throws {
        let run = try TrainedRun<RowRecipe>(folder, dataFolder: "", warn: { _ in })
        names = run.description.labels
        network = RowNetwork(
            inputs: run.description.featureWidth ?? 0, hidden: run.recipe.hidden,
            classes: names.count, key: RandomKey(seed: 0))
        try run.load(into: network)
    }

    func callAsFunction(_ path: String) throws -> [String] {
        Self.names(of: try RowTable(path).rows, network, names)
    }

    static func names(of rows: [[Float]], _ network: RowNetwork, _ names: [String]) -> [String] {
        let scores = network(rows, .inference).tensor.floats
        return rows.indices.map { row in
            let own = scores[row * names.count..<(row + 1) * names.count]
            let best = own.indices.max { own[$0] < own[$1] } ?? own.startIndex
            return names[best - own.startIndex]
        }
    }
}
