// SPDX-License-Identifier: Apache-2.0
import Console
import Testing
import Training

@Suite("TimeForecast") struct TimeForecastTests {
    @Test func everyKindHasItsOwnPace() {
        var forecast = TimeForecast()
        forecast.expect(.headSteps, units: 800)
        forecast.expect(.backboneSteps, units: 50)
        forecast.expect(.evaluation, units: 100)
        for _ in 0..<5 { forecast.finish(.headSteps, seconds: 0.1) }
        #expect(
            forecast.left
                == TimeForecast.Left(
                    seconds: 0.1 * 795, unknown: [.backboneSteps, .evaluation]))
        #expect(
            forecast.left.text()
                == "at least 1 min 20 s left (backbone steps and the evaluation still to be "
                + "measured)")
        forecast.finish(.backboneSteps, seconds: 10)
        forecast.finish(.evaluation, units: 20, seconds: 10)
        let left = forecast.left
        #expect(left.unknown.isEmpty && !left.isGuessed)
        #expect(abs(left.seconds - (79.5 + 490 + 40)) < 1e-9)
        #expect(left.text() == "10 min 10 s left")
        #expect(left.text(after: 600) == "10 s left")
    }

    @Test func whatIsUnmeasuredFollowsFromOperations() {
        var forecast = TimeForecast()
        forecast.expect(.features, units: 1000, operations: 1)
        forecast.expect(.headSteps, units: 10)
        forecast.expect(.backboneSteps, units: 5, operations: 400)
        forecast.expect(.evaluation, units: 300, operations: 1)
        #expect(forecast.left.text() == nil)
        forecast.finish(.features, units: 100, seconds: 2)
        forecast.finish(.headSteps, seconds: 1)
        let left = forecast.left
        #expect(left.isGuessed && left.unknown.isEmpty)
        #expect(abs(left.seconds - (18 + 9 + 40 + 6)) < 1e-9)
        #expect(left.text() == "about 1 min 13 s left")
    }

    @Test(
        "A pace is the median of the last twenty measurements, so that one slow step changes little"
    )
    func aPaceIsAMedian() {
        var forecast = TimeForecast()
        forecast.expect(.headSteps, units: 100)
        for _ in 0..<30 { forecast.finish(.headSteps, seconds: 9) }
        for step in 0..<20 { forecast.finish(.headSteps, seconds: step == 7 ? 100 : 1) }
        #expect(forecast.left == TimeForecast.Left(seconds: 50))
    }

    @Test func nothingLeftIsNoTime() {
        var forecast = TimeForecast()
        forecast.expect(.evaluation, units: 2)
        forecast.finish(.evaluation, units: 5, seconds: 1)
        #expect(forecast.left == TimeForecast.Left(seconds: 0))
        forecast.finish(.evaluation, units: 0, seconds: 1)
        #expect(forecast.left == TimeForecast.Left(seconds: 0))
    }
}
