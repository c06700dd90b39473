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

    @Test("settings are keys of inference") func settings() throws {
        let known = try predict("inference.scoreThreshold=0.05")
        #expect(known.code == 1 && known.complaint.contains("none"), "\(known.complaint)")
        for setting in ["scoreThreshold=0.05", "steps=1"] {
            let run = try predict(setting)
            #expect(run.code == 64 && run.complaint.contains("a key of inference"))
        }
    }
}
