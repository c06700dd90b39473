// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import TestSupport
import Testing

@Suite("FolderLock")
struct FolderLockTests {
    @Test func refusesASecondHolderUntilTheFirstIsGone() throws {
        try withFolder { folder in
            var first: FolderLock? = try FolderLock(folder: folder)
            #expect(first?.folder == folder)
            expectFailure("in use by process \(ProcessInfo.processInfo.processIdentifier)") {
                _ = try FolderLock(folder: folder)
            }
            first = nil
            _ = try FolderLock(folder: folder)
        }
    }

    @Test func refusesASecondProcess() throws {
        try withFolder { folder in
            let lock = try FolderLock(folder: folder)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["flock", "--nonblock", folder + "/.lock", "true"]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 1)
            withExtendedLifetime(lock) {}
        }
    }

    @Test func needsTheFolder() {
        expectFailure("create the folder first") { _ = try FolderLock(folder: "/nonexistent") }
    }
}
