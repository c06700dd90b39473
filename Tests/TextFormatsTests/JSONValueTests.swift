// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Testing
import TextFormats

@Suite("JSON values") struct JSONValueTests {
    private func message(_ text: String) -> String {
        do throws(InputError) {
            _ = try JSONValue.parse(Array(text.utf8), name: "a.json")
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func badTextIsOneLineThatNamesFileAndLine() {
        let cases = [
            ("", "a.json: line 1: found the end of the file; expected a JSON value"),
            ("{\n\"database\": {", "a.json: line 2: found the end of the file"),
            ("{\"database\": -N}", "expected a digit"),
            ("{\"database\": Inf}", "expected a JSON value"),
            ("{\"database\": 01}", "expected \",\" or \"}\""),
            ("{\"database\": 1.}", "expected a digit"),
            ("{\"a\": 1, \"a\": 2}", "the name \"a\" occurs twice"),
            ("{\"a\": 1,}", "expected a name in quotes"),
            ("{\"a\": \"\\x\"}", "expected an escape"),
            ("{\"a\": \"\\ud800\"}", "half of a surrogate pair"),
            ("{\"a\": \"\\u12\"}", "four hexadecimal digits"),
            ("{\"a\": \"b\nc\"}", "expected a closing quote"),
            ("{} {}", "expected nothing more"),
            ("[1, 2", "expected \",\" or \"]\""),
            (String(repeating: "[", count: 1_000_000), "nested deeper than 64"),
            ("nul", "expected null"), ("x", "expected a JSON value"),
        ]
        for (text, part) in cases {
            let found = message(text)
            #expect(found.contains(part), "\(text.prefix(30)): \(found)")
            #expect(!found.contains("\n"))
        }
    }

    @Test func everyPrefixOfAFileIsAnErrorAndNoTrap() throws {
        let whole =
            #"{"database": {"é\n\u00e9\ud83d\ude00": {"duration": 1.5e+1, "#
            + #""annotations": [{"segment": ["1", 2], "label": "x"}], "url": null, "#
            + #""b": [true, false, -0.25, {}, []]}}}"#
        let bytes = Array(whole.utf8)
        for count in 0..<bytes.count {
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            #expect(message(text) != "no error")
        }
        let parsed = try JSONValue.parse(Array(("\u{FEFF}" + whole).utf8), name: "a.json")
        let video = parsed.member("database")?.member("é\né😀")
        #expect(video?.member("duration")?.number == 15 && video?.member("url") == nil)
        #expect(video?.member("b")?.summary == "a list of 5")
    }

    @Test func numbersBeyondJSONAreKept() throws {
        let cases = [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1e999", "Infinity")]
        for (text, summary) in cases {
            #expect(try JSONValue.parse(Array(text.utf8), name: "a.json").summary == summary)
        }
    }

    @Test func repeatedNamesAreFoundInLargeObjectsToo() {
        let names = (0..<50).map { "\"v\($0)\": {}" } + ["\"v7\": {}"]
        #expect(
            message("{\"database\": {\(names.joined(separator: ","))}}").contains(
                "the name \"v7\" occurs twice"))
    }

    @Test func unreadableFilesAreOneLine() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let empty = folder.appendingPathComponent("empty.json").path
        let notText = folder.appendingPathComponent("binary.json").path
        try Data().write(to: URL(fileURLWithPath: empty))
        try Data([0x7B, 0x22, 0xFF, 0xFE, 0x22]).write(to: URL(fileURLWithPath: notText))
        let cases = [
            (folder.path + "/missing.json", "No such file"), (folder.path, "is a folder"),
            ("/dev/zero", "is a folder or a device"), (empty, "is empty"),
            (notText, "not UTF-8"),
        ]
        for (path, part) in cases {
            do throws(InputError) {
                _ = try JSONValue.read(path, expected: "a JSON file")
                Issue.record("\(path) was read")
            } catch {
                #expect(error.description.contains(part), "\(error)")
                #expect(error.description.hasPrefix(path))
            }
        }
    }
}
