// SPDX-License-Identifier: Apache-2.0
import Files
import Regions
import TextFormats

extension ActivityNetAnnotations {
    /// The file's text: ActivityNet JSON with a line a video, readable by the field's tools.
    func encoded() -> String {
        func quoted(_ text: String) -> String { JSONText.string(text) }
        let nodes = taxonomy.isEmpty ? labels : taxonomy
        var text = "{\n\"version\": \(quoted(version)),\n\"taxonomy\": ["
        text += nodes.map { "{\"nodeName\": \(quoted($0))}" }.joined(separator: ", ")
        text += "],\n\"database\": {"
        for (position, video) in videos.enumerated() {
            var fields: [String] = []
            if let subset = video.subset { fields.append("\"subset\": \(quoted(subset))") }
            for (name, value) in [
                ("duration", video.duration), ("fps", video.fps), ("start", video.start),
                ("end", video.end),
            ] {
                if let value { fields.append("\"\(name)\": \(MessageText.number(value))") }
            }
            for (name, value) in [("source", video.source), ("resolution", video.resolution)] {
                if let value { fields.append("\"\(name)\": \(quoted(value))") }
            }
            for (name, value) in [
                ("start_frame", video.startFrame), ("end_frame", video.endFrame),
            ] {
                if let value { fields.append("\"\(name)\": \(value)") }
            }
            let annotations = video.annotations.map { annotation in
                "{\"segment\": [\(MessageText.number(annotation.segment.start)), "
                    + "\(MessageText.number(annotation.segment.end))], "
                    + "\"label\": \(quoted(annotation.label))}"
            }
            fields.append("\"annotations\": [\(annotations.joined(separator: ", "))]")
            text += position == 0 ? "\n" : ",\n"
            text += "\(quoted(video.id)): {\(fields.joined(separator: ", "))}"
        }
        return text + "\n}}\n"
    }
}
