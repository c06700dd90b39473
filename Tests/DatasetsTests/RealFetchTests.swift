// SPDX-License-Identifier: Apache-2.0
import Datasets
import Foundation
import Testing

/// Through the network: only when `DR2NET_FETCH_TESTS=1`.
@Suite("Fetching the project's datasets for real") struct RealFetchTests {
    static let isOn = ProcessInfo.processInfo.environment["DR2NET_FETCH_TESTS"] == "1"

    @Test(
        .enabled(if: isOn, "set DR2NET_FETCH_TESTS=1 to download 210 MB"),
        arguments: [
            "big-buck-bunny", "dinov2-small", "test-clips", "action-clips", "deepforest-trees",
            "lidar",
        ])
    func everyDatasetArrives(name: String) throws {
        let folder = try TemporaryFolder()
        let cache = DataCache(folder: "\(folder.path)/data")
        let manifest = try repositoryCatalog.manifest(named: name)
        let clock = ContinuousClock()
        let first = try clock.measure {
            _ = try cache.fetch(manifest, from: repositoryCatalog)
        }
        let second = try clock.measure {
            let again = try cache.fetch(manifest, from: repositoryCatalog)
            #expect(again.fetched.isEmpty)
        }
        #expect(try cache.verify(manifest).isComplete)
        print("\(name): fetched in \(first), checked again in \(second)")
    }
}
