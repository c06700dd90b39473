// SPDX-License-Identifier: Apache-2.0
import Console
import Foundation
import Synchronization
import Testing
import Training

@Suite("RunProgress") struct RunProgressTests {
    /// What a run of 4 steps of the head and 2 of the backbone shows, line by line.
    private func shown(_ workload: Workload, evaluationPeriod: Int = 0) -> [String] {
        let text = Mutex(""), time = Mutex(0.0)
        let now: @Sendable () -> Double = { time.withLock { $0 } }
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
        let line = ProgressLine(
            .plain(everySeconds: 0), beats: false, now: now,
            write: { new in text.withLock { $0 += new } })
        let progress = RunProgress(
            line, totalSteps: 6, backboneStart: 4, evaluationPeriod: evaluationPeriod, now: now)
        progress.begin(workload, from: 0)
        for step in 1...6 {
            if step == 1, workload.features > 0 {
                for _ in 0..<2 {
                    advance(5)
                    progress.observe(.features, units: workload.features / 2, seconds: 5)
                }
            }
            let seconds = step <= 4 ? 1.0 : 100
            advance(seconds)
            var metrics = MetricsLine(step: step)
            metrics.seconds = seconds + (step == 1 && workload.features > 0 ? 10 : 0)
            metrics.loss = 2
            progress.finish(metrics)
            guard step == 6 || evaluationPeriod > 0 && step % evaluationPeriod == 0 else {
                continue
            }
            progress.evaluating {
                advance(30)
                guard workload.evaluation > 0 else { return }
                progress.observe(.evaluation, units: workload.evaluation, seconds: 30)
            }
        }
        return text.withLock { $0.split(separator: "\n").map(String.init) }
    }

    @Test func featuresStepsAndEvaluationHaveTheirOwnPace() {
        let workload = Workload(
            noun: "frames", features: 80, evaluation: 100,
            operations: [.features: 1, .evaluation: 1, .backboneSteps: 400])
        // A frame takes 1/8 s: 100 of them 12.5 s, a step of the backbone 50 s, until it is measured.
        #expect(
            shown(workload) == [
                "first step",
                "40/80 frames through the backbone, once, at least 1 min 58 s left "
                    + "(steps of the head still to be measured)",
                "80/80 frames through the backbone, once",
                "1/6 loss 2, 11 s a step, about 1 min 56 s left",
                "2/6 loss 2, 1 s a step, about 1 min 55 s left",
                "3/6 loss 2, 1 s a step, about 1 min 54 s left",
                "4/6 loss 2, 1 s a step, about 1 min 53 s left",
                "5/6 loss 2, 100 s a step, about 1 min 53 s left",
                "6/6 loss 2, 100 s a step",
                "evaluation after step 6",
                "100/100 frames of the evaluation",
            ])
    }

    @Test func unknownCostsAreSaid() {
        #expect(
            shown(Workload(), evaluationPeriod: 3) == [
                "first step",
                "1/6 loss 2, 1 s a step, at least 3 s left "
                    + "(backbone steps and the evaluation still to be measured)",
                "2/6 loss 2, 1 s a step, at least 2 s left "
                    + "(backbone steps and the evaluation still to be measured)",
                "3/6 loss 2, 1 s a step, at least 1 s left "
                    + "(backbone steps and the evaluation still to be measured)",
                "evaluation after step 3",
                "4/6 loss 2, 1 s a step, at least 30 s left (backbone steps still to be measured)",
                "5/6 loss 2, 100 s a step, 2 min 10 s left",
                "6/6 loss 2, 100 s a step",
                "evaluation after step 6",
            ])
    }
}
