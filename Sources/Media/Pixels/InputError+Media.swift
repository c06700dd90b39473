// SPDX-License-Identifier: Apache-2.0
import CFFmpeg
import Files

extension InputError {
    /// The one place where a code of the C interface becomes an error.
    init(status: Int32, path: String, while action: String) {
        var text = [CChar](repeating: 0, count: 256)
        unsafe cff_describe(status, &text, Int32(text.count))
        let found = String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.init(
            path: path, found: "\(found) (\(action))", expected: Self.expectation(of: status),
            remedy: Self.remedy(for: status))
    }

    static func noFrame(_ path: String) -> InputError {
        InputError(status: Int32(CFF_NO_FRAME), path: path, while: "decoding it")
    }

    static func cancelled(_ path: String) -> InputError {
        InputError(
            path: path, found: "a cancelled request", expected: "to finish decoding",
            remedy: "nothing to do")
    }

    static func refused(_ mode: ResizeMode, width: Int, height: Int, path: String) -> InputError {
        InputError(
            path: path, found: "frames of \(width)x\(height) to resize as \(mode)",
            expected: expectation(of: Int32(CFF_SIZE_REFUSED))
                + ", and a crop within the short side",
            remedy: remedy(for: Int32(CFF_SIZE_REFUSED)))
    }

    private static func expectation(of status: Int32) -> String {
        switch Int(status) {
        case CFF_SIZE_REFUSED: "sides of 1 to 32768 and at most 134217728 pixels"
        case CFF_FORMAT_REFUSED: "a pixel format that FFmpeg describes"
        case CFF_COLOURS_REFUSED: "RGB, grey, YCbCr or YCgCo"
        case CFF_NO_VIDEO: "a file with a video stream"
        default: unsafe "a film or picture that \(String(cString: cff_version())) reads"
        }
    }

    private static func remedy(for status: Int32) -> String {
        switch Int(status) {
        case CFF_SIZE_REFUSED: "choose another size or check the file"
        case CFF_FORMAT_REFUSED, CFF_NO_DECODER, CFF_COLOURS_REFUSED:
            "convert it with ffmpeg to H.264 (film) or PNG (picture)"
        case CFF_NO_VIDEO: "name a file that has pictures, not sound alone"
        case CFF_NOT_A_FILE: "name a file"
        case CFF_EMPTY_FILE, CFF_NO_FRAME: "fetch or copy the file again"
        default: "check the path, the permissions and that the file is complete"
        }
    }
}
