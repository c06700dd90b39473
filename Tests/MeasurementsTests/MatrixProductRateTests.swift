// SPDX-License-Identifier: Apache-2.0
import Measurements
import Testing

@Suite("Rate of matrix products") struct MatrixProductRateTests {
    @Test("some operations a second, of any machine") func rate() {
        #expect(1e8...1e14 ~= MatrixProductRate.measure())
    }
}
