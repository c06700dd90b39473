// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Preparation
import Testing

/// A folder for numbers that are "prepared": a file with each one's square.
private final class NumberFolder {
    struct Index: Codable, Sendable, Equatable {
        var numbers: [Int]
        var skipped: [SkippedInput]
    }

    let path = NSTemporaryDirectory() + "dr2net-prepared-\(UUID().uuidString)"
    private(set) var events: [PreparationEvent] = []

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var folder: PreparedFolder<Index> { PreparedFolder(path) }
    func names() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0 != ".lock" }.sorted()
    }
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// Prepares the numbers 0 to 11; 5 can't be used, 7 isn't wanted.
    ///
    /// - Parameter full: The number at which the disk is full.
    @discardableResult
    func prepare(
        threads: Int = 1, keepGoing: Bool = true, full: Int? = nil, isSaved: Bool = false
    ) throws -> Index {
        let inputs = (0..<12).filter { $0 != 7 }
        var loop = PreparationLoop(
            "number", inputs: inputs.map { "n\($0)" },
            excluded: [SkippedInput(id: "n7", reason: "not wanted")], keepGoing: keepGoing)
        if isSaved { loop.saveInterval = .zero }
        events = []
        let folder = folder, path = path
        return try PreparedFiles.locked(path, parts: ["files"], remedy: "choose another one") {
            let known = Set(
                folder.indices.flatMap(\.numbers).filter {
                    FileManager.default.fileExists(atPath: "\(path)/files/\($0)")
                })
            return try folder.prepare(loop, threads: threads) {
                { place, notes in
                    let number = inputs[place]
                    usleep(UInt32((number * 5 % 7) * 1000))
                    if known.contains(number) { return .init(number, .known) }
                    if number == 5 {
                        notes.append("odd")
                        throw InputError("is odd", path: "n5")
                    }
                    if number == full {
                        try AtomicFile.write("\(number)", to: "/dev/full")
                    }
                    try AtomicFile.write("\(number * number)", to: "\(path)/files/\(number)")
                    return .init(number, .written("\(number * number)"))
                }
            } report: {
                events.append($0)
            } index: {
                Index(numbers: $0.items, skipped: $0.skipped)
            }
        }
    }

    var bytes: [String: Data] {
        var result: [String: Data] = [:]
        for case let name as String in FileManager.default.enumerator(atPath: path)?.allObjects
            ?? []
        where !name.hasPrefix(".lock") {
            result[name] = FileManager.default.contents(atPath: "\(path)/\(name)")
        }
        return result
    }
}

@Suite("Prepared folders") struct PreparedFolderTests {
    private let good = (0..<12).filter { $0 != 5 && $0 != 7 }

    @Test func bytesAndOrderDoNotDependOnTheThreads() throws {
        let one = NumberFolder(), four = NumberFolder()
        let index = try one.prepare(), other = try four.prepare(threads: 4)
        #expect(index == other && index.numbers == good)
        #expect(
            index.skipped == [
                SkippedInput(id: "n7", reason: "not wanted"),
                SkippedInput(id: "n5", reason: "n5: is odd"),
            ])
        #expect(one.bytes == four.bytes && one.bytes.count == 11)
        for folder in [one, four] {
            #expect(folder.events.map(\.done) == Array(1...12))
            #expect(folder.events.allSatisfy { $0.total == 12 })
            #expect(Set(folder.events.map(\.number)) == Set(0..<12))
            let five = folder.events.first { $0.id == "n5" }
            #expect(five?.outcome == .skipped("n5: is odd") && five?.notes == ["odd"])
            #expect(five?.lines.last?.hasSuffix(" n5: left out: n5: is odd") == true)
        }
        #expect(one.events.map(\.number) == Array(0..<12))
        #expect(one.names() == ["files", "index.json"])
    }

    /// A full disk is no fault of an input: it ends the run, and the next one goes on.
    @Test(arguments: [1, 4]) func abrokenRunGoesOnWhereItWas(threads: Int) throws {
        let folder = NumberFolder()
        let error = #expect(throws: InputError.self) {
            try folder.prepare(threads: threads, full: 6, isSaved: true)
        }
        #expect(error?.isStorage == true && error?.description.contains("disk is full") == true)
        #expect(folder.names() == ["files", "index.partial.json"])
        #expect(!folder.events.contains { $0.id == "n6" })
        let saved = try #require(folder.folder.indices.first)
        #expect(saved.numbers.starts(with: [0, 1, 2, 3]))
        // What the journal names and what isn't whole is made again.
        try FileManager.default.removeItem(atPath: folder.path + "/files/2")
        let index = try folder.prepare(threads: threads)
        #expect(index.numbers == good)
        let known = folder.events.filter { $0.outcome == .known }.map(\.id)
        #expect(Set(known) == Set(saved.numbers.filter { $0 != 2 }.map { "n\($0)" }))
        #expect(folder.names() == ["files", "index.json"])
    }

    @Test(arguments: [1, 4]) func refusedInputsLeaveTheOthersDone(threads: Int) throws {
        let folder = NumberFolder()
        let error = #expect(throws: InputError.self) {
            try folder.prepare(threads: threads, keepGoing: false)
        }
        #expect(
            error?.description
                == "1 of 12 numbers can't be used: n5: is odd; --keep-going leaves it out")
        #expect(folder.names() == ["files", "index.partial.json"])
        #expect(try folder.prepare(threads: threads).numbers == good)
        #expect(folder.events.count { $0.outcome == .known } == good.count)
        let index = folder.bytes["index.json"]
        try folder.prepare()
        #expect(folder.bytes["index.json"] == index)
    }

    @Test func oneProcessAtATimePreparesAFolder() throws {
        let folder = NumberFolder()
        try folder.prepare()
        let index = folder.bytes
        do {
            let lock = try FolderLock(folder: folder.path)
            #expect(throws: InputError.self) { try folder.prepare() }
            withExtendedLifetime(lock) {}
        }
        let holder = Process(), said = Pipe(), told = Pipe()
        holder.executableURL = URL(filePath: "/bin/sh")
        holder.arguments = [
            "-c", "exec 9>>\"$1\"/.lock && flock 9 && echo ready && read -r end", "sh", folder.path,
        ]
        holder.standardOutput = said
        holder.standardInput = told
        try holder.run()
        _ = try said.fileHandleForReading.read(upToCount: 6)
        let error = #expect(throws: InputError.self) { try folder.prepare() }
        #expect(error?.description.contains("in use by") == true)
        #expect(folder.bytes == index)
        try told.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        holder.waitUntilExit()
        try folder.prepare()
        #expect(folder.events.count { $0.outcome == .known } == good.count)
    }

    @Test func aFolderThatCanNotBeMadeIsOneLine() throws {
        let error = #expect(throws: InputError.self) {
            try PreparedFiles.locked("/dev/null/folder", remedy: "choose another one") {}
        }
        #expect(
            error?.description
                == "/dev/null/folder: can't create the folder; choose another one")
    }

    @Test func aDamagedIndexIsNamedAndKnowsNothing() throws {
        let folder = NumberFolder()
        try folder.prepare()
        try AtomicFile.write("{\"numbers\": 3}", to: folder.folder.indexPath)
        #expect(folder.folder.indices.isEmpty)
        let error = #expect(throws: InputError.self) { try folder.folder.index(orElse: "odd") }
        #expect(error?.description == "\(folder.path)/index.json: odd")
        #expect(try folder.prepare().numbers == good)
        #expect(try folder.folder.index(orElse: "odd")?.numbers == good)
    }

    @Test func whereNothingIsLeftPreparationFails() throws {
        let loop = PreparationLoop(
            "number", inputs: ["a"],
            faulty: [SkippedInput(id: "b", reason: "b: no file")], keepGoing: true)
        let products = try loop.runInOrder(report: { _ in }) {
            _, _ -> PreparationLoop.Product<Int> in throw InputError("a: no number")
        }
        let error = #expect(throws: InputError.self) { try loop.check(products) }
        #expect(error?.description == "no number can be used: b: no file")
    }
}
