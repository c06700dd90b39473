// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("Code in guides") struct GuideCodeTests {
    @Test func listsBlocksAndSpans() {
        let text = """
            # Title

            Text with `one` and ``two ` ticks`` and `three
            on two lines`.

                first \\
                    --second
                usage [--a X]
                      [--b Y]

            ```sh
            fenced # comment
            ```
            | `row |
            | `cell` |
            """
        #expect(
            GuideCode.list(in: text) == [
                GuideCode(line: 3, text: "one", isBlock: false),
                GuideCode(line: 3, text: "two ` ticks", isBlock: false),
                GuideCode(line: 3, text: "three on two lines", isBlock: false),
                GuideCode(line: 6, text: "first \n--second", isBlock: true),
                GuideCode(line: 8, text: "usage [--a X]\n[--b Y]", isBlock: true),
                GuideCode(line: 12, text: "fenced # comment", isBlock: true),
                GuideCode(line: 15, text: "cell", isBlock: false),
            ])
    }

    @Test(arguments: [
        ("a b; c 'd e' && f|g", [["a", "b"], ["c", "d e"], ["f|g"]]),
        ("a --b=\"c d\" > out 2>/dev/null # e", [["a", "--b=c d"]]),
        ("a [--b X | --c Y] | d", [["a", "[--b", "X", "--c", "Y]"], ["d"]]),
    ])
    func splitsCommands(text: String, commands: [[String]]) {
        #expect(GuideCode(line: 1, text: text, isBlock: true).commands == commands)
    }
}
