// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite("Partial files") struct PartialFileTests {
    private func numbers(_ path: String) throws -> [Int] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
                as? [Int])
    }

    @Test func isWholeAfterEveryPart() throws {
        try withFolder { folder in
            let result = folder + "/found.json"
            let partial = try #require(
                try PartialFile(of: result, head: "[\n", separator: ",\n", tail: "]\n"))
            #expect(try numbers(partial.path) == [])
            try partial.append("10")
            #expect(try numbers(partial.path) == [10])
            try partial.append("")
            #expect(try numbers(partial.path) == [10])
            try partial.append("2,3")
            #expect(try numbers(result + ".partial") == [10, 2, 3])
            #expect(partial.count == 3)
            partial.removeIfUnused()
            #expect(FileManager.default.fileExists(atPath: partial.path))
            partial.remove()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func leavesNothingBesideDevicesAndWithoutParts() throws {
        #expect(try PartialFile(of: "/dev/null") == nil)
        try withFolder { folder in
            let partial = try #require(try PartialFile(of: folder + "/x"))
            partial.removeIfUnused()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            #expect(throws: InputError.self) { _ = try PartialFile(of: folder + "/none/x") }
        }
    }

    @Test func filesAreOneByWhatTheyAre() throws {
        try withFolder { folder in
            try AtomicFile.write("x", to: folder + "/a")
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/b", withDestinationPath: folder + "/a")
            #expect(FileIdentity(folder + "/a") == FileIdentity(folder + "/b"))
            #expect(FileIdentity.place(folder + "/a") != FileIdentity.place(folder + "/b"))
            #expect(FileIdentity(folder + "/c") == FileIdentity(folder + "/./c"))
            #expect(FileIdentity(folder + "/c") != FileIdentity(folder + "/d"))
        }
    }
}
