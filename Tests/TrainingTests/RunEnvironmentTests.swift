// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Training

@Suite("A run's environment") struct RunEnvironmentTests {
    /// Runs made before the commit was recorded stay readable.
    @Test func anOldFileHasNoCommit() throws {
        let own = RunEnvironment.current
        var object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(own)) as? [String: Any])
        object["commit"] = nil
        object["version"] = "0.1.0"
        let old = try JSONDecoder().decode(
            RunEnvironment.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(old.commit == nil)
        #expect(old.rows.first?.last?.hasPrefix("0.1.0 (commit unknown), ") == true)
    }

    @Test func theCommitIsRecordedAndShown() throws {
        var environment = RunEnvironment.current
        environment.version = "0.2.0"
        environment.commit = "386118c-dirty"
        let read = try JSONDecoder().decode(
            RunEnvironment.self, from: JSONEncoder().encode(environment))
        #expect(read == environment)
        #expect(read.rows.first?.last?.hasPrefix("0.2.0 (386118c-dirty), ") == true)
    }
}
