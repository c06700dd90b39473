// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import FuzzSupport
import Tensors
import Testing

/// What other libraries store beside the weights makes nothing, runs nothing and is in no one's way.
@Suite("Foreign objects") struct ForeignObjectsTests {
    @Test(arguments: ["lightning.pth", "lightning5.pth"])
    func hyperParametersOfAnyKindAreOpaque(file: String) throws {
        let state = try CheckpointFile.read(fixture(file))
        #expect(state.names == ["model.weight"])
        #expect(state["model.weight"]?.doubles == ramp(6))
        #expect(state.part == .init(taken: "state_dict", others: []))
    }

    /// Averages are what their makers evaluate, but in MMEngine's files.
    @Test(arguments: [
        ("state_dict_ema", "state_dict"), ("model_ema", "model"), ("state_dict", "ema_state_dict"),
    ])
    func ofTwoDictionariesTheAverageIsTaken(taken: String, other: String) throws {
        let state = try CheckpointFile.read(fixture("two_\(taken).pth"))
        #expect(state["weight"]?.doubles == ramp(6))
        #expect(state.part == .init(taken: taken, others: [other]))
    }

    @Test func theTeacherIsTaken() throws {
        let state = try CheckpointFile.read(fixture("two_teacher.pth"))
        #expect(state["weight"]?.doubles == ramp(6))
    }

    /// A pickle of `{"state_dict": {"w": value}}`.
    private func archive(_ value: [UInt8]) -> [UInt8] {
        func short(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
        return Zip.stored([
            (
                "a/data.pkl",
                [0x80, 2, 0x7D] + short("state_dict") + [0x7D] + short("w") + value
                    + [0x73, 0x73, 0x2E]
            )
        ])
    }

    @Test func anObjectInTheStateDictIsNamed() {
        let call = Array("cos\nsystem\n".utf8) + [0x8C, 4] + Array("true".utf8) + [0x85, 0x52]
        expectRefused(
            archive(call), "state_dict.w is an object os.system, expected a state dict of tensors")
        // What comes of an object is as opaque: its call, its items, its state.
        let again = call + [0x29, 0x52, 0x7D, 0x62, 0x4E, 0x61]
        expectRefused(archive(again), "state_dict.w is an object os.system")
        let set = call + [0x4E, 0x4E, 0x73]
        expectRefused(archive(set), "state_dict.w is an object os.system")
    }

    /// A short program that would make a long text again and again.
    @Test(.timeLimit(.minutes(1))) func longNamesAreCounted() {
        let name = [0x58, 0x00, 0x10, 0x00, 0x00] + [UInt8](repeating: 0x61, count: 4096)
        let use = (0..<20_000).flatMap { _ in [0x68, 0, 0x68, 0, 0x93] as [UInt8] }
        expectRefused(archive(name + [0x71, 0] + use), "more than 4194304 instructions")
    }

    /// Dictionaries under wrappers' names that hold themselves.
    @Test func wrappersThatHoldThemselvesEnd() {
        func short(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
        let pair = short("model") + [0x68, 0]
        let pairs = (0..<10_000).flatMap { _ in pair }
        expectRefused(
            archive([0x7D, 0x71, 0, 0x28] + pairs + [0x75]),
            "state_dict.w is a dictionary, expected a tensor")
    }
}
