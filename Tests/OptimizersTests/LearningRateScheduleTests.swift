// SPDX-License-Identifier: Apache-2.0
import Foundation
import Optimizers
import Testing

@Suite("LearningRateSchedule") struct LearningRateScheduleTests {
    @Test func warmsUpThenFollowsTheCosine() {
        let schedule = LearningRateSchedule(warmupSteps: 4, minimumFactor: 0.2, totalSteps: 12)
        let expected =
            [0.25, 0.5, 0.75, 1]
            + (0..<8).map { 0.2 + 0.8 * (1 + cos(Double.pi * Double($0) / 8)) / 2 }
        let found = (0..<12).map { schedule.factor(step: $0) }
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-15) }
        #expect(abs(schedule.factor(step: 8) - 0.6) < 1e-15)
        #expect(abs(schedule.factor(step: 12) - 0.2) < 1e-15)
        #expect(abs(schedule.factor(step: 100) - 0.2) < 1e-15)
    }

    @Test func aLateStarterWarmsUpAtItsStartAndSharesTheEnd() {
        let schedule = LearningRateSchedule(warmupSteps: 2, totalSteps: 20)
        #expect(schedule.factor(step: 4, start: 5) == 0)
        #expect(schedule.factor(step: 5, start: 5) == schedule.factor(step: 5) / 2)
        #expect(schedule.factor(step: 6, start: 5) == schedule.factor(step: 6))
        #expect(schedule.factor(step: 19, start: 5) == schedule.factor(step: 19))
    }

    @Test func constantStaysAndDegenerateLengthsAreDefined() {
        let constant = LearningRateSchedule(kind: .constant, warmupSteps: 2, totalSteps: 5)
        #expect((0..<7).map { constant.factor(step: $0) } == [0.5, 1, 1, 1, 1, 1, 1])
        let short = LearningRateSchedule(warmupSteps: 10, totalSteps: 3)
        #expect((0..<3).map { short.factor(step: $0) } == [0.1, 0.2, 0.3])
        #expect(LearningRateSchedule(totalSteps: 1).factor(step: 0) == 1)
    }

    @Test func theCosineWaitsForTheBackbone() {
        var schedule = LearningRateSchedule(kind: .cosine, warmupSteps: 2, totalSteps: 20)
        schedule.decayStart = 10
        #expect((2...10).allSatisfy { schedule.factor(step: $0) == 1 })
        #expect(abs(schedule.factor(step: 15) - 0.5) < 1e-12)
        #expect(schedule.factor(step: 10, start: 10) == 0.5)
        #expect(abs(schedule.factor(step: 20)) < 1e-12)
    }
}
