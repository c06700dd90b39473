// SPDX-License-Identifier: Apache-2.0

/// Small labelled clouds for the commands' tests.
enum PointCloudText {
    /// An ascii PLY of side x side x 2 points, one a unit: class 2 below, 6 above.
    static func ply(side: Int) -> String {
        var lines = [
            "ply", "format ascii 1.0", "element vertex \(2 * side * side)", "property float x",
            "property float y", "property float z", "property float intensity",
            "property uchar classification", "end_header",
        ]
        for x in 0..<side {
            for y in 0..<side {
                for z in 0..<2 { lines.append("\(x) \(y) \(z) \(x * y) \(z == 0 ? 2 : 6)") }
            }
        }
        return (lines + [""]).joined(separator: "\n")
    }
}
