// SPDX-License-Identifier: Apache-2.0
import Files
import Regions
import TextFormats

/// One object of a COCO file: the members that this program uses, and the first thing wrong in it.
///
/// Faults of values are kept, so that an entry can be dropped; faults of the JSON itself throw.
struct COCOEntry {
    var id: COCOID?
    var imageID: COCOID?
    var categoryID: Int?
    var width: Int?
    var height: Int?
    var name: String?
    var fileName: String?
    var box: Rectangle?
    var area: Double?
    var score: Double?
    var isCrowd = false
    var isIgnored = false
    /// What is wrong first, with what was expected.
    private(set) var fault: String?
    /// One bit for each member seen.
    private var seen: UInt32 = 0

    /// Reads the value at which the scanner stands.
    init(_ scanner: inout JSONScanner) throws(InputError) {
        guard scanner.kind == .object else {
            fault = "is \(scanner.kind.rawValue); expected an object"
            try scanner.skipValue()
            return
        }
        try scanner.open("{")
        while let member = try scanner.nextName() {
            switch member {
            case "id":
                note(0, member)
                id = try identifier(member, &scanner)
            case "image_id":
                note(1, member)
                imageID = try identifier(member, &scanner)
            case "category_id":
                note(2, member)
                categoryID = try whole(member, &scanner)
            case "width":
                note(3, member)
                width = try whole(member, &scanner)
            case "height":
                note(4, member)
                height = try whole(member, &scanner)
            case "name":
                note(5, member)
                name = try string(member, &scanner)
            case "file_name":
                note(6, member)
                fileName = try string(member, &scanner)
            case "bbox":
                note(7, member)
                box = try readBox(&scanner)
            case "area":
                note(8, member)
                area = try number(member, &scanner)
            case "score":
                note(9, member)
                score = try number(member, &scanner)
            case "iscrowd":
                note(10, member)
                isCrowd = try flag(member, &scanner)
            case "ignore":
                note(11, member)
                isIgnored = try flag(member, &scanner)
            default: try scanner.skipValue()
            }
        }
    }

    /// Keeps the first thing that is wrong.
    mutating func blame(_ text: @autoclosure () -> String) {
        if fault == nil { fault = text() }
    }

    /// Blames the first member that is missing.
    mutating func blameMissing(_ members: [(name: String, isMissing: Bool)]) {
        for member in members where member.isMissing {
            blame("has no \(member.name); expected one")
        }
    }

    private mutating func note(_ bit: UInt32, _ member: String) {
        if seen & (1 << bit) != 0 { blame("has \(member) twice; expected it once") }
        seen |= 1 << bit
    }

    /// Skips a value of the wrong kind; nil values count as missing ones.
    private mutating func skip(
        _ member: String, _ expected: String, _ scanner: inout JSONScanner
    ) throws(InputError) {
        let kind = scanner.kind
        if kind != .null { blame("has \(kind.rawValue) as \(member); expected \(expected)") }
        try scanner.skipValue()
    }

    private mutating func number(
        _ member: String, _ scanner: inout JSONScanner
    ) throws(InputError) -> Double? {
        guard scanner.kind == .number else {
            try skip(member, "a number", &scanner)
            return nil
        }
        let value = try scanner.number()
        if !value.isFinite { blame("has \(member) beyond double precision; expected less") }
        return value.isFinite ? value : nil
    }

    private mutating func whole(
        _ member: String, _ scanner: inout JSONScanner
    ) throws(InputError) -> Int? {
        guard scanner.kind == .number else {
            try skip(member, "a whole number", &scanner)
            return nil
        }
        let found: String
        switch try scanner.whole() {
        case .number(let value) where value.magnitude < COCOID.limit: return value
        case .number(let value): found = "\(value)"
        case .large(let digits): found = String(digits.prefix(40))
        case .other(let value): found = MessageText.number(value)
        }
        blame("has \(found) as \(member); expected a whole number")
        return nil
    }

    /// A number with all its digits, or a text.
    private mutating func identifier(
        _ member: String, _ scanner: inout JSONScanner
    ) throws(InputError) -> COCOID? {
        if scanner.kind == .string { return .text(try scanner.string()) }
        guard scanner.kind == .number else {
            try skip(member, "a whole number or a text", &scanner)
            return nil
        }
        switch try scanner.whole() {
        case .number(let value) where value.magnitude < COCOID.limit: return .number(value)
        case .number(let value): return .json("\(value)")
        case .large(let digits): return .json(digits)
        case .other(let value):
            blame("has \(MessageText.number(value)) as \(member); expected a whole number")
            return nil
        }
    }

    private mutating func string(
        _ member: String, _ scanner: inout JSONScanner
    ) throws(InputError) -> String? {
        guard scanner.kind == .string else {
            try skip(member, "a text", &scanner)
            return nil
        }
        return try scanner.string()
    }

    private mutating func flag(
        _ member: String, _ scanner: inout JSONScanner
    ) throws(InputError) -> Bool {
        if scanner.kind == .boolean { return try scanner.boolean() }
        guard let value = try number(member, &scanner) else { return false }
        if value != 0 && value != 1 {
            blame("has \(MessageText.number(value)) as \(member); expected 0 or 1")
        }
        return value == 1
    }

    private mutating func readBox(
        _ scanner: inout JSONScanner
    ) throws(InputError) -> Rectangle? {
        guard scanner.kind == .array else {
            try skip("bbox", "a list [x, y, width, height]", &scanner)
            return nil
        }
        var count = 0
        var values = Rectangle(x: 0, y: 0, width: 0, height: 0)
        var isNumeric = true
        try scanner.open("[")
        while try scanner.nextItem() {
            guard scanner.kind == .number else {
                let kind = scanner.kind.rawValue
                blame("has \(kind) in its bbox; expected [x, y, width, height]")
                isNumeric = false
                try scanner.skipValue()
                continue
            }
            let value = try scanner.number()
            switch count {
            case 0: values.x = value
            case 1: values.y = value
            case 2: values.width = value
            default: values.height = value
            }
            count += 1
        }
        guard isNumeric else { return nil }
        guard count == 4 else {
            blame("has a bbox of \(count) numbers; expected [x, y, width, height]")
            return nil
        }
        // No image comes near; areas and sums stay finite.
        let largest = 1e9
        guard abs(values.x) <= largest, abs(values.y) <= largest, values.width <= largest,
            values.height <= largest
        else {
            blame("has a bbox beyond a thousand million pixels; expected less")
            return nil
        }
        guard values.width >= 0, values.height >= 0 else {
            blame(
                "has a bbox of \(MessageText.number(values.width)) x "
                    + "\(MessageText.number(values.height)); expected a size that is not negative")
            return nil
        }
        return values
    }
}
