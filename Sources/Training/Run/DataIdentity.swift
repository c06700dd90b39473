// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// What a run's outputs mean and what its samples are; a checkpoint carries it.
///
/// Two data sets with the same identity are taken for the same one: a run may go on from a
/// checkpoint of the first with the second.
package struct DataIdentity: Codable, Sendable, Equatable {
    /// The classes in the order of the head's outputs.
    package var labels: [String]
    /// The numbers by which the data set names them; nil where it has none.
    package var labelIDs: [Int]?
    /// Training samples.
    package var samples: Int
    /// A digest of each part, such as `training images`, as the task has read it.
    package var parts: [String: String]

    /// An identity.
    ///
    /// - Parameter parts: By name, what the digest is made of, in its order.
    package init(
        labels: [String], labelIDs: [Int]? = nil, samples: Int, parts: [String: [String]]
    ) {
        self.labels = labels
        self.labelIDs = labelIDs
        self.samples = samples
        self.parts = parts.mapValues { ContentDigest.of($0) }
    }

    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    /// The identity as JSON of one line; equal identities give equal text.
    var text: String {
        (try? DataIdentity.encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The digest of ``text``.
    var digest: String { ContentDigest.of([text]) }

    /// Reads ``text``; nil where it isn't one.
    init?(text: String) {
        guard let value = try? JSONDecoder().decode(DataIdentity.self, from: Data(text.utf8))
        else { return nil }
        self = value
    }

    /// How this differs from what it was, a phrase each; empty where it doesn't.
    ///
    /// Parts that only one side knows are not compared.
    package func differences(from former: DataIdentity) -> [String] {
        var found = classDifferences(from: former)
        if samples != former.samples {
            found.append("training samples \(former.samples) -> \(samples)")
        }
        for name in parts.keys.sorted() {
            guard let own = parts[name], let old = former.parts[name], own != old else { continue }
            found.append("the \(name) changed (digest \(old) -> \(own))")
        }
        return found
    }

    /// Renamed, removed, added and reordered classes, and other numbers of them.
    private func classDifferences(from former: DataIdentity) -> [String] {
        let quoted = MessageText.quoted
        var found: [String] = []
        if labels != former.labels {
            let (now, before) = (Set(labels), Set(former.labels))
            var (gone, new) = (before.subtracting(now), now.subtracting(before))
            if labels.count == former.labels.count {
                for (place, (old, own)) in zip(former.labels, labels).enumerated()
                where gone.contains(old) && new.contains(own) {
                    found.append("class \(place) \(quoted(old)) is now \(quoted(own))")
                    gone.remove(old)
                    new.remove(own)
                }
            }
            found += former.labels.filter(gone.contains).map { "class \(quoted($0)) is gone" }
            found += labels.filter(new.contains).map { "class \(quoted($0)) is new" }
            let kept = labels.filter(before.contains)
            if kept != former.labels.filter(now.contains) {
                found.append(
                    "the classes stand in another order, now "
                        + labels.prefix(8).map(quoted).joined(separator: ", "))
            } else if found.isEmpty {
                found.append("\(former.labels.count) -> \(labels.count) classes")
            }
        } else if let labelIDs, let old = former.labelIDs, labelIDs != old {
            found = zip(labels, zip(old, labelIDs)).filter { $1.0 != $1.1 }.map {
                "class \(quoted($0)) has the number \($1.1), it had \($1.0)"
            }
        }
        if found.count > 5 { found = found.prefix(5) + ["\(found.count - 5) more"] }
        return found
    }
}
