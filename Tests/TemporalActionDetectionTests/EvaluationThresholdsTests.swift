// SPDX-License-Identifier: Apache-2.0
import Files
import TemporalActionDetection
import Testing

@Suite("Evaluation thresholds") struct EvaluationThresholdsTests {
    @Test func rangesHoldBothEndsWithoutDrift() throws {
        #expect(
            try EvaluationThresholds.parse("0.5:0.95:0.05")
                == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
        #expect(try EvaluationThresholds.parse("0.3:0.7:0.1") == [0.3, 0.4, 0.5, 0.6, 0.7])
        #expect(try EvaluationThresholds.parse(".5:0.72:.1") == [0.5, 0.6, 0.7])
        #expect(try EvaluationThresholds.parse("1:1:1") == [1])
        #expect(EvaluationThresholds.activityNet.count == 10)
        #expect(try EvaluationThresholds.parse("0.5:0.95:0.05") == EvaluationThresholds.activityNet)
        #expect(try EvaluationThresholds.parse("0.3:0.7:0.1") == EvaluationThresholds.thumos)
    }

    @Test func listsAndSingleNumbers() throws {
        #expect(try EvaluationThresholds.parse("0.3,0.5,0.75") == [0.3, 0.5, 0.75])
        #expect(try EvaluationThresholds.parse("0.123456") == [0.123456])
    }

    @Test(arguments: [
        "", ",", ".", "0", "1.1", "-0.5", "0.5,0.3", "0.5,0.5", "0.5:0.9", "0.9:0.5:0.1",
        "0.1:0.9:0", "0.000001:1:0.000001", "a", "0.5:0.9:0.1:0.1", "0.1234567", "nan", "0.5,",
        "99999999999999999999", "٠.٥", "0.5 ", "1e-1", "+0.5",
    ])
    func everythingElseIsOneLine(text: String) {
        do throws(InputError) {
            let list = try EvaluationThresholds.parse(text)
            Issue.record("\(text) was read as \(list)")
        } catch {
            #expect(error.description.contains("expected rising numbers in (0, 1]"))
        }
    }

    @Test func namesHaveAtLeastTwoDecimals() {
        #expect(
            [0.5, 0.95, 1, 0.123456, 0.005].map(EvaluationThresholds.name)
                == ["0.50", "0.95", "1.00", "0.123456", "0.005"])
    }
}
