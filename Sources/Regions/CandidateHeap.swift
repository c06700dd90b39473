// SPDX-License-Identifier: Apache-2.0

/// A detection that waits for its turn in a suppression.
struct Candidate {
    /// Its turn by the score after the decays applied so far.
    var turn: Turn

    /// Where it is.
    let segment: Segment

    /// How many kept detections have acted on it.
    var seen = 0
}

/// A binary heap with the best candidate on top.
struct CandidateHeap {
    private var elements: [Candidate]

    /// A heap of `elements`, built in linear time.
    init(_ elements: [Candidate]) {
        self.elements = elements
        for position in stride(from: elements.count / 2 - 1, through: 0, by: -1) {
            sink(position)
        }
    }

    /// The best candidate.
    var first: Candidate? { elements.first }

    /// Removes the best candidate.
    mutating func removeFirst() {
        let last = elements.removeLast()
        if !elements.isEmpty { replaceFirst(with: last) }
    }

    /// Puts `candidate` in the place of the best one and restores the order.
    mutating func replaceFirst(with candidate: Candidate) {
        elements[0] = candidate
        sink(0)
    }

    private mutating func sink(_ start: Int) {
        var position = start
        let moving = elements[position]
        while true {
            var child = 2 * position + 1
            guard child < elements.count else { break }
            if child + 1 < elements.count, elements[child + 1].turn < elements[child].turn {
                child += 1
            }
            guard elements[child].turn < moving.turn else { break }
            elements[position] = elements[child]
            position = child
        }
        elements[position] = moving
    }
}
