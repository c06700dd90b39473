// SPDX-License-Identifier: Apache-2.0
import Files

/// The columns of a table of segments, by usual names.
struct AnnotationColumns {
    /// What a column holds.
    enum Role: CaseIterable {
        case video, start, end, label, subset
    }

    private var places: [Role: Int] = [:]

    /// Names without case, blanks and marks, the preferred one first.
    private static let names: [Role: [String]] = [
        .video: [
            "video", "videoid", "videoname", "vid", "videofile", "videopath", "filename", "file",
            "clip", "youtubeid", "id", "name",
        ],
        .start: [
            "start", "startseconds", "startsec", "starts", "starttime", "timestart", "tstart",
            "segmentstart", "begin", "from", "onset",
        ],
        .end: [
            "end", "endseconds", "endsec", "ends", "endtime", "timeend", "tend", "segmentend",
            "stop",
            "to", "offset",
        ],
        .label: [
            "label", "labelname", "class", "classname", "action", "actionclass", "activity",
            "category", "event",
        ],
        .subset: ["subset", "split", "partition", "set"],
    ]

    /// Finds the columns of a header.
    init(_ header: [String]) {
        let plain = header.map { $0.lowercased().filter { $0.isLetter || $0.isNumber } }
        for role in Role.allCases {
            let place = Self.names[role]?.lazy.compactMap { plain.firstIndex(of: $0) }.first
            if let place { places[role] = place }
        }
    }

    /// The place of a column; nil where there is none.
    subscript(role: Role) -> Int? { places[role] }

    /// A time as a number of seconds: from H:MM:SS or MM:SS, else as it is.
    ///
    /// - Parameter hasDecimalCommas: Whether 1,5 is one and a half.
    static func seconds(_ text: String, hasDecimalCommas: Bool) -> String {
        let text = hasDecimalCommas ? text.replacing(",", with: ".") : text
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { return text }
        var total = 0.0
        for (place, part) in parts.enumerated() {
            let isLast = place == parts.count - 1
            guard let value = Double(part), part.first?.isNumber == true,
                isLast || Int(part) != nil, place == 0 || value < 60
            else { return text }
            total = total * 60 + value
        }
        return MessageText.number(total)
    }
}
