// SPDX-License-Identifier: Apache-2.0
import Files
import Testing
import TextFormats

@Suite("Comma-separated values") struct CSVTextTests {
    private func rows(_ text: String) throws -> [[String]] {
        try CSVText.rows(Array(text.utf8) + [0], name: "a").map(\.fields)
    }

    @Test("quotes, line ends and empty fields") func fields() throws {
        #expect(try rows("a,b\n1,2\n") == [["a", "b"], ["1", "2"]])
        #expect(
            try rows("\u{FEFF}a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n,\r\n") == [
                ["a", "b"], ["1", "x, \"y\"\nz"], ["", ""],
            ])
        #expect(try rows("a\rb") == [["a"], ["b"]])
        #expect(try rows("\"\"") == [[""]])
        #expect(try rows("\n\n").isEmpty)
        let lines = try CSVText.rows(Array("a\n\n\"b\nc\"\nd\0".utf8), name: "a").map(\.line)
        #expect(lines == [1, 3, 5])
    }

    @Test("semicolons and tabs part fields where the first line has most of them")
    func separators() throws {
        #expect(try rows("\n\"a,,\";b\n1,5;\"x;y\"\n") == [["a,,", "b"], ["1,5", "x;y"]])
        #expect(try rows("a\tb, c\n1\t2,3") == [["a", "b, c"], ["1", "2,3"]])
        #expect(try rows("a,b;c,d\n") == [["a", "b;c", "d"]])
    }

    @Test(
        "what is written is read back",
        arguments: ["", "plain", "a,b", "say \"x\"", "two\nlines", " blank", "blank\t", "é,ü"])
    func writtenIsRead(text: String) throws {
        #expect(try rows(CSVText.line([text, "end"])) == [[text, "end"]])
    }

    @Test(
        "faulty files are refused with their line",
        arguments: [("a\n\"b", "line 2"), ("\"a\"b\n", "behind a closing quote")])
    func faults(text: String, expected: String) {
        do {
            let found = try rows(text)
            Issue.record("read \(found)")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
        }
        #expect(throws: InputError.self) { try CSVText.rows([0xFF, 0x41, 0], name: "a") }
    }
}
