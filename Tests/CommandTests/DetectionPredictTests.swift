// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("Detection predict command") struct DetectionPredictTests {
    private func predict(_ setting: String) throws -> CommandRun {
        let folder = try TemporaryFolder()
        return try CommandRun([
            "detect", "predict", folder.path("a.png"), "--run", folder.path("none"), "--set",
            setting,
        ])
    }

    @Test("settings are keys of inference, whatever dots their values have")
    func settings() throws {
        for setting in ["scoreThreshold=0.05", "inference.scoreThreshold=0.05"] {
            let run = try predict(setting)
            #expect(run.code == 1 && run.complaint.contains("none"), "\(run.complaint)")
        }
        let run = try predict("training.steps=1")
        #expect(run.code == 64 && run.complaint.contains("a key of inference"))
    }
}
