// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `dr2net data`: datasets by their manifests.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "List, fetch and verify datasets.",
        discussion: """
            Datasets lie in DR2NET_DATA, or in ~/.local/share/dr2net; manifests are found beside \
            the program or by DR2NET_MANIFESTS.
            """,
        subcommands: [
            DataListCommand.self, DataShowCommand.self, DataFetchCommand.self,
            DataVerifyCommand.self,
        ])
}
