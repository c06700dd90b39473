// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Backbones
import CommandLineSupport
import Console
import Foundation

/// `dr2net backbone list`.
struct BackboneListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the networks: parameters, input, checkpoint families.")

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let rows = BackboneCatalog.entries.map(Row.init)
        try console.result(rows) {
            var table = TextTable(
                ["name", "title", "parameters", "input", "checkpoints"], numbers: [2])
            for row in rows {
                table.append([
                    row.name, row.title,
                    NumberText.decimals(Double(row.parameters) / 1e6, 2) + " M", row.inputLayout,
                    row.families.joined(separator: ", "),
                ])
            }
            return table.text
        }
    }

    /// One network.
    private struct Row: Encodable {
        let name, title: String
        let parameters: Int
        let inputLayout: String
        let pixelMean, pixelDeviation: [Double]
        let families: [String]

        init(_ entry: BackboneCatalog.Entry) {
            name = entry.name
            title = entry.title
            parameters = entry.parameterCount
            inputLayout = entry.input.axes
            pixelMean = entry.normalization.mean
            pixelDeviation = entry.normalization.deviation
            families = entry.families.map(\.rawValue)
        }
    }
}
