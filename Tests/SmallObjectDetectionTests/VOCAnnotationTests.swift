// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import SmallObjectDetection
import Testing

@Suite("Pascal VOC") struct VOCAnnotationTests {
    private func parse(_ text: String) throws(InputError) -> VOCAnnotation {
        try VOCAnnotation.parse(Array(text.utf8), name: "a.xml")
    }

    private func complaint(_ text: String) -> String {
        COCOFixture.complaint { _ = try parse(text) }
    }

    @Test func valuesArrive() throws {
        let found = try parse(VOCFixture.text)
        #expect(found.file == "a&b.bmp" && found.width == 40 && found.height == 30)
        #expect(found.fault == nil)
        #expect(found.objects.map(\.name) == ["tree", "bush"])
        #expect(found.objects.map(\.xmin) == [1, 20] && found.objects.map(\.ymin) == [2.5, 0])
        #expect(found.objects.map(\.xmax) == [11, 40] && found.objects.map(\.ymax) == [8, 30])
        #expect(found.objects.map(\.isDifficult) == [false, true])
        #expect(found.objects.allSatisfy { $0.fault == nil })
    }

    @Test(arguments: [
        ("<bndbox><xmin>5</xmin><ymin>2</ymin><xmax>1</xmax><ymax>4</ymax></bndbox>", "upper left"),
        ("<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax></bndbox>", "no whole bndbox"),
        ("<bndbox><xmin>x</xmin><ymin>2</ymin><xmax>3</xmax></bndbox>", "\"x\" as xmin"),
        ("<bndbox><xmin>NaN</xmin><ymin>2</ymin><xmax>3</xmax></bndbox>", "\"NaN\" as xmin"),
        ("<bndbox><xmin>1e99</xmin><ymin>2</ymin><xmax>3</xmax></bndbox>", "\"1e99\" as xmin"),
        ("<bndbox><xmin>1</xmin><xmin>2</xmin></bndbox>", "xmin twice"), ("", "no whole bndbox"),
    ])
    func faultyObjectsAreNamed(box: String, part: String) throws {
        let found = try parse(
            "<annotation><object><name>a</name>\(box)</object></annotation>")
        #expect(found.objects.first?.fault?.contains(part) == true, "\(found)")
    }

    @Test func sizesMustBeNumbersAndZeroIsUnknown() throws {
        let bad = try parse("<annotation><size><width>-4</width></size></annotation>")
        #expect(bad.fault?.contains("\"-4\"") == true)
        let unknown = try parse("<annotation><size><width>0</width></size></annotation>")
        #expect(unknown.fault == nil && unknown.width == nil)
    }

    @Test("sizes such as 120.0 are numbers") func decimalSizes() throws {
        let found = try parse(
            "<annotation><size><width>120.0</width><height>80</height></size></annotation>")
        #expect(found.fault == nil && found.width == 120 && found.height == 80)
        let odd = try parse("<annotation><size><width>120.5</width></size></annotation>")
        #expect(odd.fault?.contains("\"120.5\" pixels; expected a whole number") == true)
    }

    @Test("names come in the encoding that the file declares") func encodings() throws {
        func file(_ encoding: String, _ name: [UInt8]) -> [UInt8] {
            Array("<?xml version=\"1.0\" encoding=\"\(encoding)\"?><annotation><object><name>".utf8)
                + name + Array("</name></object></annotation>".utf8)
        }
        for (encoding, name) in [
            ("ISO-8859-1", [0x62, 0xE9]), ("windows-1252", [0x62, 0xE9]),
            ("UTF-8", [0x62, 0xC3, 0xA9]),
        ] as [(String, [UInt8])] {
            let found = try VOCAnnotation.parse(file(encoding, name), name: "a.xml")
            #expect(found.objects.map(\.name) == ["bé"])
        }
        let wide = try #require(
            String(decoding: file("UTF-16", [0x62, 0xC3, 0xA9]), as: UTF8.self)
                .data(using: .utf16))
        #expect(
            try VOCAnnotation.parse([UInt8](wide), name: "a.xml").objects.map(\.name) == ["bé"])
    }

    @Test(arguments: [
        ("", "the end of the file; expected an element"),
        ("<a/>", "found <a>; expected <annotation>"),
        ("<annotation>", "expected </annotation>"),
        ("<annotation></b>", "found </b>; expected </annotation>"),
        ("<annotation/><annotation/>", "second root"),
        ("<annotation/>x", "outside the elements"),
        ("x", "outside the elements"),
        ("<!DOCTYPE annotation [<!ENTITY a \"b\">]><annotation/>", "document type"),
        ("<annotation>&a;</annotation>", "entity that XML does not define"),
        ("<annotation>&#0;</annotation>", "character reference"),
        ("<annotation>&#xD800;</annotation>", "character reference"),
        ("<annotation a=b/>", "a value in quotes"),
        ("<annotation a=\"b/>", "closing quote"),
        ("<annotation a=\"<\"/>", "closing quote"),
        ("<annotation><!-- x", "end of a comment"),
        ("<annotation><![CDATA[ x", "end of a CDATA"),
        ("<annotation><1>", "expected"),
        (String(repeating: "<annotation>", count: 100_000), "nested deeper than 32"),
        ("<" + String(repeating: "a", count: 100_000), "over 256 bytes"),
    ])
    func badTextIsOneLine(text: String, part: String) {
        let found = complaint(text)
        #expect(found.contains(part), "\(found)")
        #expect(found.hasPrefix("a.xml: line ") && !found.contains("\n"))
    }

    @Test func everyPrefixIsAnErrorAndNoTrap() {
        let bytes = Array(VOCFixture.text.utf8)
        for count in 0..<bytes.count {
            #expect(throws: InputError.self) {
                try VOCAnnotation.parse(Array(bytes[..<count]), name: "a.xml")
            }
        }
    }
}
