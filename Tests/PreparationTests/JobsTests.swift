// SPDX-License-Identifier: Apache-2.0
import Foundation
import Preparation
import Synchronization
import Testing

@Suite("Jobs") struct JobsTests {
    private struct Failure: Error, Equatable { let number: Int }

    /// Jobs that end in another order than they begin.
    private static func wait(_ number: Int) { usleep(UInt32((number * 7 % 5) * 1500)) }

    @Test(arguments: [1, 4, 64]) func valuesComeInOrder(threads: Int) throws {
        let workers = Mutex(0)
        var told: Set<Int> = []
        let values = try Jobs<Int>.run(count: 23, threads: threads) {
            workers.withLock { $0 += 1 }
            return { number in
                Self.wait(number)
                return number * number
            }
        } ended: { number, value in
            #expect(value == number * number)
            told.insert(number)
        }
        #expect(values == (0..<23).map { $0 * $0 } && told.count == 23)
        #expect(workers.withLock(\.self) == min(threads, 23))
    }

    @Test(arguments: [1, 2, 5]) func theFirstErrorInOrderIsThrown(threads: Int) throws {
        for _ in 0..<10 {
            #expect(throws: Failure(number: 3)) {
                try Jobs<Int>.run(count: 9, threads: threads) {
                    { number in
                        // The later one fails first.
                        if number == 3 { usleep(3000) }
                        if number == 3 || number == 4 { throw Failure(number: number) }
                        return number
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 3]) func anErrorOfTheCallerEndsAll(threads: Int) throws {
        let begun = Mutex(0)
        #expect(throws: Failure(number: -1)) {
            try Jobs<Int>.run(count: 1000, threads: threads) {
                { number in
                    begun.withLock { $0 += 1 }
                    usleep(200)
                    return number
                }
            } ended: { _, _ in
                throw Failure(number: -1)
            }
        }
        #expect(begun.withLock(\.self) < 900)
    }

    @Test func noJobsGiveNoValues() throws {
        #expect(try Jobs<Int>.run(count: 0, threads: 4) { { $0 } }.isEmpty)
    }

    @Test func sharedValuesAreMadeOnce() throws {
        let shared = SharedValues<String, Int>(), made = Mutex(0)
        let values = try Jobs<Int>.run(count: 40, threads: 4) {
            { number in
                try shared.value("\(number % 3)") {
                    made.withLock { $0 += 1 }
                    usleep(2000)
                    return number % 3
                }
            }
        }
        #expect(values == (0..<40).map { $0 % 3 } && made.withLock(\.self) == 3)
        for _ in 0..<2 {
            #expect(throws: Failure(number: 1)) {
                try shared.value("bad") {
                    made.withLock { $0 += 1 }
                    throw Failure(number: 1)
                }
            }
        }
        #expect(made.withLock(\.self) == 4)
    }
}
