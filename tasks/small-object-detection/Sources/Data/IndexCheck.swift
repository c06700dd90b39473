// SPDX-License-Identifier: Apache-2.0
import Files
package import Media
package import Preparation
import Regions

/// Compares an index with the image files and its boxes with the images.
package struct IndexCheck {
    /// What a check found and did.
    package struct Outcome: Sendable, Equatable {
        /// The images that can be used, with the sizes of their files, and their boxes.
        package var index: DetectionIndex
        /// Images left out.
        package var dropped: [SkippedInput] = []
        /// Boxes left out, those of left-out images included.
        package var droppedBoxes = 0
        /// Boxes cut to their image.
        package var clippedBoxes = 0
        /// How each image is turned from the stored pixels, which `index` counts, to those in which
        /// its annotation counts.
        package var turns: [ImageOrientation] = []
        /// What people should know of pictures that were decoded.
        package var notices: [String] = []
    }

    /// The folder of the images.
    package let imageFolder: String

    /// The pixels that boxes refer to.
    package let pixels: AnnotatedPixels
    /// Whether every picture is decoded too, to its last row.
    package let decodesPixels: Bool
    /// The pictures that an unfinished check has decoded.
    package var journal: PreparedFile<DecodedPictures>?
    /// Whether the annotation has sizes of its own, which tell turned pictures from others.
    private let hasSizes: Bool
    private let reading: PixelReading

    /// A check against the files in `imageFolder`.
    ///
    /// - Parameters:
    ///   - format: The annotation's; YOLO's has no sizes but those of the files.
    ///   - reading: How pictures are decoded.
    package init(
        imageFolder: String, pixels: AnnotatedPixels = .unsaid, decodesPixels: Bool = false,
        format: AnnotationFormat = .coco, reading: PixelReading = PixelReading()
    ) {
        hasSizes = format == .coco || format == .voc
        self.reading = reading
        self.imageFolder = imageFolder
        self.pixels = pixels
        self.decodesPixels = decodesPixels
    }

    /// Checks every image and box.
    ///
    /// An image is faulty where its file is missing, is no image, or has another size than the
    /// annotation says. A box is faulty where it has no area, or where less than half of it lies in
    /// its image; one that leaves its image by less is cut.
    ///
    /// - Parameters:
    ///   - faults: Where faulty images and boxes are noted.
    ///   - threads: Images checked at a time; the outcome does not depend on it.
    ///   - report: Told of every image.
    /// - Throws: One line for the first fault, unless they are dropped; and where no image, or after
    ///   faults no box, is left.
    package func run(
        _ index: DetectionIndex, faults: inout DetectionFaults, threads: Int = 1,
        report: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Outcome {
        var outcome = Outcome(index: index)
        outcome.index.images = []
        outcome.index.boxes = []
        var positions: [Int?] = []
        var infos: [ImageInfo] = []
        for (number, result) in try check(index, faults.keepGoing, threads, report).enumerated() {
            var image = index.images[number]
            switch result {
            case .success(let (info, picture)):
                infos.append(info)
                if let notice = picture?.notice { outcome.notices.append(notice) }
                outcome.turns.append(pixels == .shown ? info.orientation : .upright)
                positions.append(outcome.index.images.count)
                (image.width, image.height) = (info.width, info.height)
                outcome.index.images.append(image)
            case .failure(let fault):
                try faults.note(fault.description)
                positions.append(nil)
                outcome.dropped.append(
                    SkippedInput(
                        id: image.file.isEmpty ? image.idJSON : image.file,
                        reason: fault.description))
            }
        }
        guard !outcome.index.images.isEmpty else {
            throw InputError(
                "\(imageFolder): none of the \(index.images.count) images can be used; "
                    + (faults.lines.first ?? "the annotation names none"))
        }
        for (number, box) in index.boxes.enumerated() {
            guard let position = positions[box.item.source] else {
                outcome.droppedBoxes += 1
                continue
            }
            let image = outcome.index.images[position]
            do throws(InputError) {
                let info = infos[position]
                var cut = try clipped(box, to: pixels.size(of: info))
                if cut != box { outcome.clippedBoxes += 1 }
                if pixels == .shown {
                    cut.item.place = info.orientation.stored(
                        cut.item.place, width: info.width, height: info.height)
                }
                cut.item.source = position
                outcome.index.boxes.append(cut)
            } catch {
                let name = index.categories[box.item.label].name
                try faults.note(
                    "\(image.file): box \(number) (\(MessageText.quoted(name))) "
                        + error.description)
                outcome.droppedBoxes += 1
            }
        }
        if outcome.index.boxes.isEmpty, faults.count > 0 {
            throw InputError(
                "\(imageFolder): no box is left of \(index.boxes.count); expected at least one that "
                    + "can be used: " + (faults.lines.first ?? "none was read"))
        }
        return outcome
    }

    /// What the check of an image's file found, and of its decoded pixels.
    private typealias Finding = Result<
        (info: ImageInfo, picture: DecodedPictures.Picture?), InputError
    >

    /// Checks the files of all images.
    ///
    /// - Throws: The first fault in order, unless faults are dropped.
    private func check(
        _ index: DetectionIndex, _ keepGoing: Bool, _ threads: Int,
        _ report: (_ done: Int, _ total: Int) -> Void
    ) throws -> [Finding] {
        let annotated = Set(index.boxes.map(\.item.source)), images = index.images
        var firsts: [String: Int] = [:]
        for number in images.indices.reversed() { firsts[images[number].file] = number }
        let first = firsts, known = journal?.read() ?? DecodedPictures()
        var done = 0, decoded = known, saved = ContinuousClock.now
        // What is decoded stays known where a fault ends the work.
        defer { if decodesPixels { try? journal?.write(decoded) } }
        return try Jobs<Finding>.run(count: images.count, threads: threads) {
            { number in
                let image = images[number]
                do throws(InputError) {
                    if let other = first[image.file], other < number {
                        throw InputError(
                            "\(imageFolder)/\(image.file): is image \(images[other].idJSON) and "
                                + "image \(image.idJSON); expected each file once")
                    }
                    let info = try info(of: image)
                    // A picture without boxes has nothing that could lie wrong.
                    if annotated.contains(number) {
                        try pixels.check(info, size: hasSizes ? (image.width, image.height) : nil)
                    }
                    guard decodesPixels else { return .success((info, nil)) }
                    let picture = try DecodedPictures.Picture(
                        info.path, reading, known: known.pictures[info.path])
                    return .success((info, picture))
                } catch {
                    guard keepGoing else { throw error }
                    return .failure(error)
                }
            }
        } ended: { _, finding in
            done += 1
            report(done, images.count)
            guard case .success(let (info, picture?)) = finding else { return }
            decoded.pictures[info.path] = picture
            guard let journal, saved.duration(to: .now) > .seconds(5) else { return }
            try journal.write(decoded)
            saved = .now
        }
    }

    /// The header of an image's file, whose size must be the annotation's.
    private func info(
        of image: DetectionIndex.Image
    ) throws(InputError) -> ImageInfo {
        guard !image.file.isEmpty else {
            throw InputError("image \(image.idJSON) names no file; expected file_name")
        }
        let path = "\(imageFolder)/\(image.file)"
        let isInside =
            !image.file.hasPrefix("/")
            && !image.file.split(separator: "/").contains("..")
        guard isInside else {
            throw InputError("\(path): leads out of the images' folder; expected a file in it")
        }
        let info = try ImageInfo.usable(path)
        func isSame(_ size: (width: Int, height: Int)) -> Bool {
            (image.width == 0 || image.width == size.width)
                && (image.height == 0 || image.height == size.height)
        }
        let size = pixels.size(of: info)
        guard isSame(size) else {
            let isTurned = pixels != .shown && isSame(info.shownSize)
            throw InputError(
                "\(path): has \(size.width) x \(size.height) pixels, the annotation says "
                    + "\(image.width) x \(image.height); "
                    + (isTurned
                        ? "EXIF turns the picture: where boxes are annotated on the turned one, "
                            + "give --orientation shown (recipe: data.orientation)"
                        : "correct one of them"))
        }
        return info
    }

    /// The part of a box inside its image.
    ///
    /// - Throws: What is wrong, without the place.
    private func clipped(
        _ annotated: AnnotatedBox, to image: (width: Int, height: Int)
    ) throws(InputError) -> AnnotatedBox {
        func text(_ value: Double) -> String { MessageText.number(value) }
        let box = annotated.item.place
        guard box.width > 0, box.height > 0 else {
            throw InputError(
                "is \(text(box.width)) x \(text(box.height)) pixels; expected an area")
        }
        let left = max(0, box.x), top = max(0, box.y)
        let right = min(Double(image.width), box.x + box.width)
        let bottom = min(Double(image.height), box.y + box.height)
        let area = max(0, right - left) * max(0, bottom - top)
        guard area >= 0.5 * box.width * box.height else {
            throw InputError(
                "at \(text(box.x)), \(text(box.y)) of \(text(box.width)) x \(text(box.height)) "
                    + "lies outside the image of \(image.width) x \(image.height); expected at "
                    + "least half of it inside")
        }
        if left == box.x, top == box.y, right >= box.x + box.width, bottom >= box.y + box.height {
            return annotated
        }
        var cut = annotated
        cut.item.place = Rectangle(x: left, y: top, width: right - left, height: bottom - top)
        cut.area = min(annotated.area, area)
        return cut
    }
}
