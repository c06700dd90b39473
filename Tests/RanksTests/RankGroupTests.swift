// SPDX-License-Identifier: Apache-2.0
import Ranks
import TestSupport
import Testing

@Suite("RankGroup") struct RankGroupTests {
    @Test func bytesOfAnyNumberArriveInOrder() throws {
        let results = LocalRanks.run(2) { group -> [[UInt8]] in
            let messages: [[UInt8]] = [[], [7], Array(0...255), Array(repeating: 3, count: 70_000)]
            if group.rank == 0 {
                for message in messages { try group.send(message, to: 1, tag: 9) }
                return messages
            }
            return try messages.map { _ in try group.receive(from: 0, tag: 9) }
        }
        #expect(try results[0].get() == results[1].get())
    }

    @Test func allGetWhatTheFirstHas() throws {
        let results = LocalRanks.run(4) { group in
            try group.fromFirst([UInt8(group.rank), 5], tag: 2)
        }
        for result in results { #expect(try result.get() == [0, 5]) }
    }

    @Test func aLostRankIsAnErrorAndNotAWaitForever() {
        let results = LocalRanks.run(2) { group in
            if group.rank == 1 { throw RankError("gone") }
            return try group.receive(from: 1, tag: 1)
        }
        #expect(throws: RankError.self) { try results[0].get() }
    }

    @Test func whoIsToldToStopDoesNotWaitForever() {
        let results = LocalRanks.run(2) { group in
            if group.rank == 1 { return [UInt8]() }
            return try group.receive(from: 1, tag: 1, isStopping: { true })
        }
        let text = "\(results[0])"
        #expect(text.contains("rank 0 waits for another rank that doesn't answer"), "\(text)")
    }

    @Test func aProcessThatMpirunDidNotStartIsAlone() throws {
        #expect(try OpenMPI.start(environment: [:]) == nil)
        #expect(try OpenMPI.start(environment: ["OMPI_COMM_WORLD_SIZE": "1"]) == nil)
        #expect(try OpenMPI.start(environment: ["OMPI_COMM_WORLD_SIZE": "two"]) == nil)
    }
}
