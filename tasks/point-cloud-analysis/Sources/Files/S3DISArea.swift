// SPDX-License-Identifier: Apache-2.0
import Files

/// The rooms of an area of S3DIS, one after the other; a room that can't be used is left out.
struct S3DISArea: PointReader {
    let path: String
    private(set) var notes: [String] = []
    /// The rooms to read, last one first.
    private var rooms: [S3DISRoom] = []
    private var room: S3DISRoom?

    /// Finds the rooms' files.
    ///
    /// - Throws: One line where no room can be used.
    init(_ path: String, _ paths: [String]) throws(InputError) {
        self.path = path
        for path in paths.reversed() {
            do {
                rooms.append(try S3DISRoom(path, keepsGoing: true))
            } catch { leaveOut(error) }
        }
        guard !rooms.isEmpty else {
            throw InputError("no room that can be used; \(notes.first ?? "")", path: path)
        }
    }

    var count: Int? { nil }

    private mutating func leaveOut(_ error: InputError) {
        notes.append("\(error.description); the room is left out")
    }

    mutating func next(_ limit: Int) throws(InputError) -> PointBlock? {
        while true {
            if room == nil {
                guard let next = rooms.popLast() else { return nil }
                room = next
            }
            do {
                if let block = try room?.next(limit) { return block }
            } catch { leaveOut(error) }
            notes += room?.notes ?? []
            room = nil
        }
    }
}
