// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `dr2net backbone`: pretrained networks by themselves.
struct BackboneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backbone",
        abstract: "Pretrained networks: features, gradients, measurements, files.",
        subcommands: [
            BackboneListCommand.self, BackboneShowCommand.self, BackboneFeaturesCommand.self,
            BackboneGradientsCommand.self, BackboneErrorMapCommand.self,
            BackboneSurrogateCommand.self,
            BackboneProfileCommand.self, BackboneExportCommand.self,
            BackboneConvertCommand.self,
        ])
}
