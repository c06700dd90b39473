// SPDX-License-Identifier: Apache-2.0
import Foundation
import Recipes
import TestSupport
import Testing
import Training

/// TensorBoard's files, read back by a reader of its own; Benchmarks/event_files has tensorboard's.
@Suite("Event files") struct EventFileTests {
    /// Castagnoli's check, bit by bit as the polynomial says.
    private func check(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = (crc & 1) * 0x82F6_3B78 ^ (crc >> 1) }
        }
        return ~crc
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func masked(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        let crc = check(bytes)
        return UInt64((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
    }

    /// The data of each record, after both checks.
    private func records(_ file: [UInt8]) throws -> [ArraySlice<UInt8>] {
        var records: [ArraySlice<UInt8>] = []
        var rest = file[...]
        while !rest.isEmpty {
            try #require(rest.count >= 16)
            let length = rest.prefix(8)
            #expect(number(rest.dropFirst(8).prefix(4)) == masked(length))
            let data = rest.dropFirst(12).prefix(Int(number(length)))
            rest = rest[data.endIndex...]
            #expect(number(rest.prefix(4)) == masked(data))
            rest = rest.dropFirst(4)
            records.append(data)
        }
        return records
    }

    private struct Field {
        var number: Int
        /// An integer's value.
        var value: UInt64 = 0
        /// The bytes of anything else.
        var bytes: ArraySlice<UInt8> = []
    }

    /// The fields of a message.
    private func fields(_ message: ArraySlice<UInt8>) throws -> [Field] {
        var found: [Field] = []
        var rest = message
        func variable() throws -> UInt64 {
            var value: UInt64 = 0, shift: UInt64 = 0
            while true {
                let next = rest.popFirst()
                let byte = try #require(next)
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
        }
        while !rest.isEmpty {
            let key = try variable()
            var field = Field(number: Int(key >> 3))
            switch key & 7 {
            case 0: field.value = try variable()
            case 1: field.bytes = rest.prefix(8)
            case 5: field.bytes = rest.prefix(4)
            default:
                let count = Int(try variable())
                field.bytes = rest.prefix(count)
            }
            rest = rest.dropFirst(field.bytes.count)
            found.append(field)
        }
        return found
    }

    /// A field of a message that must be there.
    private func field(_ number: Int, of message: ArraySlice<UInt8>) throws -> Field {
        try #require(try fields(message).first { $0.number == number })
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private func line(_ step: Int) -> MetricsLine {
        var line = MetricsLine(step: step)
        line.loss = 0.5
        line.losses = ["part": 0.25]
        line.learningRates = ["head": 1e-3]
        line.loadSeconds = 0.125
        line.liveBytes = 1 << 20
        return line
    }

    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasPrefix("events.out.tfevents.") }
    }

    private func events(_ path: String) throws -> [ArraySlice<UInt8>] {
        try records([UInt8](try #require(FileManager.default.contents(atPath: path))))
    }

    @Test("The check is that of RFC 3720, appendix B.4")
    func theCheckIsCastagnolis() {
        #expect(check([UInt8](repeating: 0, count: 32)[...]) == 0x8A91_36AA)
        #expect(check([UInt8](repeating: 0xFF, count: 32)[...]) == 0x62A8_AB43)
        #expect(check((0..<32).map { UInt8($0) }[...]) == 0x46DD_794E)
    }

    @Test("A line of metrics is one event with its step, its time and its scalars")
    func aLineIsOneEvent() throws {
        try withTemporaryFolder { path in
            let folder = try RunFolder.create(path, recipe: try ToyRun().reader.resolved)
            #expect(try files(path).isEmpty)
            let begin = Date().timeIntervalSince1970
            try folder.append(line(300))
            var evaluation = MetricsLine(step: 300)
            evaluation.seconds = 2
            evaluation.evaluation = ["mAP": 0.75, "odd <name>": .nan]
            try folder.append(evaluation)
            let names = try files(path)
            try #require(names.count == 1)
            let events = try events(path + "/" + names[0])
            try #require(events.count == 4)
            #expect(try text(field(3, of: events[0]).bytes) == "brain.Event:2")
            // A session that begins at step 300.
            #expect(try field(2, of: events[1]).value == 300)
            #expect(try field(1, of: field(7, of: events[1]).bytes).value == 1)
            var scalars: [String: Float] = [:]
            for event in events.dropFirst(2) {
                let time = Double(bitPattern: number(try field(1, of: event).bytes))
                #expect(time >= begin && time <= Date().timeIntervalSince1970)
                #expect(try field(2, of: event).value == 300)
                for value in try fields(try field(5, of: event).bytes) {
                    let scalar = try fields(value.bytes)
                    try #require(scalar.map(\.number) == [1, 2])
                    scalars[text(scalar[0].bytes)] = Float(
                        bitPattern: UInt32(number(scalar[1].bytes)))
                }
            }
            #expect(scalars.removeValue(forKey: "evaluation/odd <name>")?.isNaN == true)
            #expect(
                scalars == [
                    "loss/total": 0.5, "loss/part": 0.25, "learning rate/head": 1e-3,
                    "seconds/loading": 0.125, "bytes/live": 1_048_576, "seconds/evaluation": 2,
                    "evaluation/mAP": 0.75,
                ])
        }
    }

    @Test("Each process writes a file of its own, which begins where it goes on")
    func eachProcessHasItsFile() throws {
        try withTemporaryFolder { path in
            do {
                let folder = try RunFolder.create(path, recipe: try ToyRun().reader.resolved)
                for step in 1...3 { try folder.append(line(step)) }
            }
            do { try RunFolder.open(path).append(line(2)) }
            let names = try files(path)
            try #require(names.count == 2)
            let starts = try names.map { name in
                try field(2, of: try events(path + "/" + name)[1]).value
            }
            #expect(starts == [1, 2])
        }
    }
}
