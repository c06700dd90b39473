// SPDX-License-Identifier: Apache-2.0

/// A property of an annotated segment by which results are looked at apart.
package enum SegmentCharacteristic: String, Sendable, CaseIterable, Encodable {
    /// Seconds.
    case length
    /// The part of the video that the segment takes, in (0, 1].
    case coverage
    /// Annotated segments of its video, of all classes.
    case instances
}

/// Where the buckets of a characteristic end.
package enum BucketScheme: String, Sendable, CaseIterable {
    /// Those of the diagnosis tool for ActivityNet.
    case activitynet
    /// Those that it has for THUMOS14.
    case thumos14
    /// As many segments in each as the values allow, from the data at hand.
    case quantiles

    /// The buckets of a characteristic.
    ///
    /// - Parameter values: The characteristic of all segments.
    func buckets(_ characteristic: SegmentCharacteristic, _ values: [Double]) -> SegmentBuckets {
        let names = ["XS", "S", "M", "L", "XL"]
        switch (self, characteristic) {
        case (.activitynet, .length):
            return SegmentBuckets(names, bounds: [30, 60, 120, 180])
        case (.activitynet, .coverage):
            return SegmentBuckets(names, bounds: [0.2, 0.4, 0.6, 0.8])
        case (.activitynet, .instances):
            return SegmentBuckets(names, bounds: [1, 4, 8])
        case (.thumos14, .length):
            return SegmentBuckets(names, bounds: [3, 6, 12, 18])
        case (.thumos14, .coverage):
            return SegmentBuckets(names, bounds: [0.02, 0.04, 0.06, 0.08])
        case (.thumos14, .instances):
            return SegmentBuckets(names, bounds: [1, 40, 80])
        case (.quantiles, _):
            return SegmentBuckets(names, bounds: SegmentBuckets.quantiles(values, names.count))
        }
    }
}

/// Ranges of a characteristic, each without its lower and with its upper bound.
struct SegmentBuckets: Sendable, Equatable {
    /// "XS" and so on.
    let names: [String]
    /// The upper bounds, rising; the last bucket has none.
    let bounds: [Double]

    /// Buckets that end at `bounds`, named from the front.
    init(_ names: [String], bounds: [Double]) {
        precondition(bounds.count < names.count, "\(bounds.count) bounds, \(names.count) names")
        self.names = Array(names.prefix(bounds.count + 1))
        self.bounds = bounds
    }

    /// The number of the bucket in which a value lies.
    func bucket(of value: Double) -> Int { bounds.firstIndex { value <= $0 } ?? bounds.count }

    /// The values that end `count` parts of equal size; fewer where they are equal.
    static func quantiles(_ values: [Double], _ count: Int) -> [Double] {
        let sorted = values.sorted()
        guard let last = sorted.last else { return [] }
        var bounds: [Double] = []
        for part in 1..<count {
            // The ceiling gives each part its last member.
            let place = (part * sorted.count + count - 1) / count - 1
            let value = sorted[max(0, place)]
            if value < last, value > bounds.last ?? -.infinity { bounds.append(value) }
        }
        return bounds
    }
}
