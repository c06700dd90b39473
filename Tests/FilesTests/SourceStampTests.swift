// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite("SourceStamp")
struct SourceStampTests {
    private func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        // The same time whatever is written, so that only the contents tell.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: path)
    }

    @Test(arguments: [0, 100_000, 199_999])
    func tellsFilesOfOneLengthAndTimeApart(place: Int) throws {
        try withFolder { folder in
            let path = "\(folder)/film.mp4"
            var bytes = (0..<200_000).map { UInt8($0 % 251) }
            try write(bytes, to: path)
            let first = try SourceStamp.of([path])
            try write(bytes, to: path)
            #expect(try SourceStamp.of([path]) == first)
            bytes[place] ^= 1
            try write(bytes, to: path)
            #expect(try SourceStamp.of([path]) != first)
        }
    }

    @Test func takesInAllOfAFolderUnderItsNames() throws {
        try withFolder { folder in
            try write([1], to: "\(folder)/a")
            try write([2], to: "\(folder)/b")
            let first = try SourceStamp.of([folder])
            #expect(first.hasPrefix("2 files, 2 bytes, "))
            try write([2], to: "\(folder)/a")
            try write([1], to: "\(folder)/b")
            #expect(try SourceStamp.of([folder]) != first)
        }
    }

    @Test func changesWithTheSettings() throws {
        try withFolder { folder in
            try write([1], to: "\(folder)/a")
            let one = try SourceStamp.of(["\(folder)/a"], settings: ["ab", "c"])
            #expect(try SourceStamp.of(["\(folder)/a"], settings: ["a", "bc"]) != one)
            #expect(try SourceStamp.of(["\(folder)/a"], settings: ["ab", "c"]) == one)
        }
    }

    @Test func namesWhatIsNotThere() {
        #expect(throws: InputError.self) { try SourceStamp.of(["/nowhere/film.mp4"]) }
    }
}
