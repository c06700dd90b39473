// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Annotated images, whatever format they came from.
package struct DetectionIndex: Sendable, Equatable {
    /// An image.
    package struct Image: Sendable, Equatable {
        /// The number by which results name it, unless ``idText`` does.
        package var id: Int
        /// The id as it stands in JSON where it is a text or too large a number; nil for ``id``.
        package var idText: String?
        /// Its file, relative to the images' folder; empty where the annotation names none.
        package var file: String
        /// Size in pixels as the annotation says; 0 where it does not.
        package var width, height: Int

        /// The id as it stands in JSON, by which files name the image.
        package var idJSON: String { idText ?? "\(id)" }

        /// An image.
        package init(id: Int, idText: String? = nil, file: String, width: Int, height: Int) {
            self.id = id
            self.idText = idText
            self.file = file
            self.width = width
            self.height = height
        }
    }

    /// A class.
    package struct Category: Sendable, Equatable {
        /// The number by which results name it.
        package var id: Int
        /// Its name.
        package var name: String

        /// A class.
        package init(id: Int, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// The images by rising id.
    package var images: [Image]
    /// The classes: by rising id, or in the order asked for.
    package var categories: [Category]
    /// The objects in file order, with positions of ``images`` and ``categories``.
    package var boxes: [AnnotatedBox]

    /// An index.
    package init(images: [Image], categories: [Category], boxes: [AnnotatedBox]) {
        self.images = images
        self.categories = categories
        self.boxes = boxes
    }

    /// Several indices as one, their images one behind the other.
    ///
    /// Classes of one name are one; those that come with further indices, and then the images, are
    /// numbered on where their number is taken. A single index stays as it is.
    package init(joining parts: [DetectionIndex]) {
        self.init(images: [], categories: [], boxes: [])
        var places: [String: Int] = [:]
        var numbers = Set<Int>()
        for part in parts {
            let first = images.count
            var image = images.last?.id ?? -1
            for var own in part.images {
                own.id = max(own.id, image + 1)
                image = own.id
                // Texts of different sets may be the same.
                if parts.count > 1 { own.idText = nil }
                images.append(own)
            }
            for var own in part.categories where places[own.name] == nil {
                if numbers.contains(own.id) { own.id = (numbers.max() ?? 0) + 1 }
                numbers.insert(own.id)
                places[own.name] = categories.count
                categories.append(own)
            }
            boxes += part.boxes.map { box in
                var box = box
                box.item.source += first
                box.item.label = places[part.categories[box.item.label].name] ?? box.item.label
                return box
            }
        }
    }
}
