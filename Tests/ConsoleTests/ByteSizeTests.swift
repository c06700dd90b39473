// SPDX-License-Identifier: Apache-2.0
import Console
import Recipes
import Testing

@Suite("ByteSize") struct ByteSizeTests {
    @Test(arguments: [
        ("4096", 4096), ("1B", 1), ("2GiB", 2 << 30), ("1.5 MiB", 3 << 19), ("800MB", 800_000_000),
        ("3kb", 3000), ("1TiB", 1 << 40),
    ])
    func readsWhatPeopleWrite(_ text: String, _ bytes: Int) {
        #expect(ByteSize.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "GiB", "-1GiB", "0", "1e9", "nan", "2 gigs", "9999999999TiB", "0x10", "1..2",
    ])
    func refusesWhatIsNoSize(_ text: String) {
        #expect(ByteSize.parse(text) == nil)
    }

    @Test func writesWithAUnit() {
        #expect(ByteSize.text(0) == "0 B")
        #expect(ByteSize.text(1536) == "1.5 KiB")
        #expect(ByteSize.text(800 << 20) == "800 MiB")
        #expect(ByteSize.text(5 << 40) == "5.0 TiB")
    }

    @Test("a size rounded up is enough when it is typed in")
    func roundsUp() throws {
        for bytes in [1, 1025, 102_401, (459 << 20) + 1, 3 << 30 + 7, (1 << 40) - 1] {
            let typed = try #require(ByteSize.parse(ByteSize.text(bytes, rounded: .up)))
            #expect(typed >= bytes && Double(typed) < 1.1 * Double(bytes))
        }
        #expect(ByteSize.text((459 << 20) + 1) == "459 MiB")
        #expect(ByteSize.text((459 << 20) + 1, rounded: .up) == "460 MiB")
    }
}
