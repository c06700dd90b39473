// SPDX-License-Identifier: Apache-2.0
import CommandLineSupport
import PointCloudAnalysis
import SmallObjectDetection
import TemporalActionDetection

/// The tasks of the program.
enum Tasks {
    /// A line each.
    static let all: [any TaskCommand.Type] = [
        TemporalActionDetectionCommand.self,
        SmallObjectDetectionCommand.self,
        PointCloudAnalysisCommand.self,
    ]
}
