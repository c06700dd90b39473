// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite("AtomicFile")
struct AtomicFileTests {
    private func contents(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func writesAndReplaces() throws {
        try withFolder { folder in
            let path = folder + "/metrics.json"
            try AtomicFile.write("one", to: path)
            try AtomicFile.write(Data("two".utf8), to: path)
            #expect(try contents(path) == "two")
            #expect(try files(folder) == ["metrics.json"])
        }
    }

    @Test func keepsTheModeOfTheFileItReplaces() throws {
        try withFolder { folder in
            let path = folder + "/secret"
            try AtomicFile.write("one", to: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try AtomicFile.write("two", to: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test func followsASymbolicLink() throws {
        try withFolder { folder in
            try AtomicFile.write("old", to: folder + "/target")
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link", withDestinationPath: "target")
            try AtomicFile.write("new", to: folder + "/link")
            #expect(try contents(folder + "/target") == "new")
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link")
                    == "target")
        }
    }

    @Test func leavesTheOldFileWhenTheBodyFails() throws {
        try withFolder { folder in
            let path = folder + "/weights"
            try AtomicFile.write("old", to: path)
            expectFailure("weights: stopped") {
                try AtomicFile.write(to: path) { handle in
                    try handle.write(contentsOf: Data("half".utf8))
                    throw InputError("stopped")
                }
            }
            #expect(try contents(path) == "old")
            #expect(try files(folder) == ["weights"])
        }
    }

    @Test func saysThatTheDiskIsFull() throws {
        expectFailure("the disk is full") {
            try AtomicFile.write(String(repeating: "x", count: 100_000), to: "/dev/full")
        }
        try withFolder { folder in
            expectFailure("a: cannot write: the disk is full") {
                try AtomicFile.write(to: folder + "/a") { _ in
                    let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
                    try full.write(contentsOf: Data(count: 10))
                }
            }
            let left = try files(folder)
            #expect(left.isEmpty)
        }
    }

    @Test func saysWhyAFolderIsNotWritable() throws {
        try withFolder { folder in
            try AtomicFile.write("file", to: folder + "/file")
            expectFailure("is a file, not a folder") {
                try AtomicFile.write("x", to: folder + "/file/inside")
            }
            expectFailure("create the folder first") {
                try AtomicFile.write("x", to: folder + "/missing/inside")
            }
            expectFailure("this is a folder") { try AtomicFile.write("x", to: folder) }
            expectFailure("the path is empty") { try AtomicFile.write("x", to: "") }
            expectFailure("too long") {
                try AtomicFile.write("x", to: folder + "/" + String(repeating: "n", count: 300))
            }
            #expect(try files(folder) == ["file"])
        }
        // Nobody, not even root, creates files there.
        expectFailure("cannot create a file in /proc") { try AtomicFile.write("x", to: "/proc/x") }
    }

    @Test func acceptsTheLongestName() throws {
        try withFolder { folder in
            let name = String(repeating: "n", count: 255)
            try AtomicFile.write("x", to: folder + "/" + name)
            #expect(try files(folder) == [name])
        }
    }
}
