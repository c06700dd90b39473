// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A piece of code in a guide: a line of a block with its continuation, or what stands between backticks.
struct GuideCode: Equatable {
    /// The line it begins on, from 1.
    let line: Int
    let text: String
    let isBlock: Bool

    /// The code of a text in Markdown, in order of its lines.
    static func list(in markdown: String) -> [GuideCode] {
        var found: [GuideCode] = [], paragraph: [(line: Int, text: Substring)] = []
        var isFenced = false, isIndented = false, isAfterBlank = true
        func endParagraph() {
            found += spans(paragraph)
            paragraph = []
        }
        let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, text) in lines.enumerated() {
            let trimmed = text.drop { $0 == " " }
            if trimmed.hasPrefix("```") {
                endParagraph()
                isFenced.toggle()
                continue
            }
            isIndented =
                text.hasPrefix("    ") && !trimmed.isEmpty && (isAfterBlank || isIndented)
            isAfterBlank = trimmed.isEmpty
            if isFenced || isIndented {
                endParagraph()
                append(trimmed, line: index + 1, to: &found)
            } else if trimmed.isEmpty {
                endParagraph()
            } else {
                // A row of a table is a whole of its own.
                if trimmed.hasPrefix("|") { endParagraph() }
                paragraph.append((index + 1, text))
            }
        }
        endParagraph()
        return found
    }

    /// Adds a line of a block, to the one before where that ends in a backslash or this goes on with options.
    private static func append(_ text: Substring, line: Int, to found: inout [GuideCode]) {
        if let last = found.last, last.isBlock {
            let ends = last.text.hasSuffix("\\")
            let count = last.text.split(separator: "\n").count
            if last.line + count == line, ends || text.hasPrefix("[-") || text.hasPrefix("--") {
                found[found.count - 1] = GuideCode(
                    line: last.line,
                    text: (ends ? String(last.text.dropLast()) : last.text) + "\n" + text,
                    isBlock: true)
                return
            }
        }
        found.append(GuideCode(line: line, text: String(text), isBlock: true))
    }

    /// What stands between backticks in a paragraph, which may go over its lines.
    private static func spans(_ paragraph: [(line: Int, text: Substring)]) -> [GuideCode] {
        var found: [GuideCode] = []
        var open: (ticks: Int, line: Int, text: String)?
        for (line, text) in paragraph {
            var rest = text
            while let character = rest.first {
                guard character == "`" else {
                    open?.text.append(character)
                    rest.removeFirst()
                    continue
                }
                let ticks = rest.prefix { $0 == "`" }.count
                rest.removeFirst(ticks)
                if let span = open, span.ticks == ticks {
                    found.append(GuideCode(line: span.line, text: span.text, isBlock: false))
                    open = nil
                } else if open == nil {
                    open = (ticks, line, "")
                } else {
                    open?.text += String(repeating: "`", count: ticks)
                }
            }
            open?.text.append(" ")
        }
        return found
    }

    /// The commands in the code, each as its words: quotes taken off, comments and redirections left out.
    var commands: [[String]] {
        var commands: [[String]] = [], words: [String] = [], word: String?
        var quote: Character?, brackets = 0, isRedirected = false
        func endWord() {
            let isFile = isRedirected
            isRedirected = word == ">" || word == "2>"
            if let word, !isFile, !word.hasPrefix(">"), !word.hasPrefix("2>") { words.append(word) }
            word = nil
        }
        func endCommand() {
            endWord()
            if !words.isEmpty { commands.append(words) }
            words = []
        }
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            if let open = quote {
                if character == open {
                    quote = nil
                } else {
                    word = (word ?? "") + String(character)
                }
                continue
            }
            let next = index + 1 < characters.count ? characters[index + 1] : " "
            let isAlone = word == nil && (next.isWhitespace || next == character)
            switch character {
            case "'", "\"":
                quote = character
                word = word ?? ""
            case "#" where word == nil && isBlock:
                endCommand()
                return commands
            // What is in brackets may be left out: [--run DIR | --resume DIR].
            case "|" where isAlone && brackets > 0: endWord()
            case ";": endCommand()
            case "&" where isAlone, "|" where isAlone: endCommand()
            case _ where character.isWhitespace: endWord()
            default:
                brackets += character == "[" ? 1 : character == "]" ? -1 : 0
                word = (word ?? "") + String(character)
            }
        }
        endCommand()
        return commands
    }
}
