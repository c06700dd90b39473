// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A queue between one producing and one consuming thread that never holds more than its capacity.
///
/// The producer reserves a place before it makes an element, so that an element in the making counts too.
/// `@unchecked Sendable`: every stored property is read and written under `condition`.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    let capacity: Int
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var reserved = 0
    private var peak = 0
    private var isFinished = false
    private var cancelled = false

    init(capacity: Int) {
        precondition(capacity >= 1, "a queue of capacity \(capacity)")
        self.capacity = capacity
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    /// Most elements held or in the making at any time.
    var peakCount: Int { locked { peak } }
    var isCancelled: Bool { locked { cancelled } }

    /// Waits for a free place.
    /// - Returns: false if the queue was cancelled.
    func reserve() -> Bool {
        locked {
            while !cancelled && elements.count + reserved >= capacity { condition.wait() }
            guard !cancelled else { return false }
            reserved += 1
            peak = max(peak, elements.count + reserved)
            return true
        }
    }

    /// Fills a reserved place.
    func push(_ element: Element) {
        locked {
            precondition(reserved > 0, "an element pushed without a reserved place")
            reserved -= 1
            if !cancelled { elements.append(element) }
            condition.broadcast()
        }
    }

    /// Says that no element follows.
    func finish() {
        locked {
            isFinished = true
            condition.broadcast()
        }
    }

    /// Drops what is held and wakes everyone.
    func cancel() {
        locked {
            cancelled = true
            elements = []
            condition.broadcast()
        }
    }

    /// Waits for the next element.
    /// - Returns: nil at the end or when cancelled.
    func pop() -> Element? {
        locked {
            while elements.isEmpty && !isFinished && !cancelled { condition.wait() }
            guard !cancelled, !elements.isEmpty else { return nil }
            let element = elements.removeFirst()
            condition.broadcast()
            return element
        }
    }

    /// Waits until the producer has said that no element follows.
    func waitUntilFinished() {
        locked { while !isFinished { condition.wait() } }
    }
}
