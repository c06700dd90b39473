// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The memory of this process that is in the machine's RAM, in bytes.
package enum ResidentMemory {
    /// The resident bytes now; 0 where the system doesn't say.
    package static var current: Int { statusValue("VmRSS:") ?? 0 }

    /// The most resident bytes since the process began.
    package static var peak: Int {
        var usage = rusage()
        let counted =
            unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0
            ? usage.ru_maxrss * 1024 : 0
        return max(counted, statusValue("VmHWM:") ?? 0)
    }

    /// A line such as `VmRSS:   1234 kB` of `/proc/self/status`, in bytes.
    private static func statusValue(_ key: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
            return nil
        }
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            let fields = line.dropFirst(key.count).split(whereSeparator: { $0 == " " || $0 == "\t" }
            )
            return fields.first.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }
}
