// SPDX-License-Identifier: Apache-2.0
import Files
import TemporalActionDetection
import Testing

@Suite("Random baseline of an evaluation") struct EvaluationBaselineTests {
    private func annotations(
        _ videos: String
    ) throws(InputError) -> ActivityNetAnnotations {
        try ActivityNetAnnotations.parse(
            "{\"database\": {\(videos)}}", file: "a.json", options: .evaluation)
    }

    private let video = """
        "v": {"subset": "validation", "duration": 10,
              "annotations": [{"segment": [0, 9], "label": "a"}]}
        """

    @Test func longSegmentsAreHitByChance() throws {
        // A segment of 9 of 10 s overlaps every other of that length by at least 8/10.
        let one = try annotations(video)
        let score = try TemporalEvaluation.randomBaseline(
            training: one, evaluation: one,
            options: EvaluationOptions(subset: "validation", thresholds: [0.5, 0.99]))
        #expect(score[0] == 1)
        #expect(score[1] < 1)
    }

    @Test func classesThatTrainingLacksScoreZero() throws {
        let training = try annotations(
            #""t": {"annotations": [{"segment": [0, 9], "label": "b"}]}"#)
        let score = try TemporalEvaluation.randomBaseline(
            training: training, evaluation: annotations(video),
            options: EvaluationOptions(thresholds: [0.5]))
        #expect(score == [0])
    }

    @Test func missingLengthsAndSegmentsAreOneLine() throws {
        let bare = try annotations(#""t": {"annotations": [{"segment": [0, 9], "label": "b"}]}"#)
        let empty = try annotations(#""t": {"duration": 5}"#)
        for (training, evaluation, part) in [
            (bare, bare, "\"t\" states no duration"), (empty, bare, "0 training and 1 evaluation"),
            (bare, empty, "1 training and 0 evaluation"),
        ] {
            do throws(InputError) {
                _ = try TemporalEvaluation.randomBaseline(
                    training: training, evaluation: evaluation)
                Issue.record("a baseline was drawn")
            } catch {
                #expect(error.description.contains(part), "\(error)")
            }
        }
    }
}
