// SPDX-License-Identifier: Apache-2.0

/// An annotated object: an item with what an evaluation asks of annotations alone.
package struct AnnotatedBox: Sendable, Hashable {
    /// Its box, class and picture.
    package var item: Item<Rectangle>
    /// Square pixels that decide the area range: of the object, which may be less than its box's.
    package var area: Double
    /// Whether the box stands for many objects.
    ///
    /// It need not be found, any number of predictions may lie in it without being false, and the
    /// overlap with one is the share of the prediction that lies inside.
    package var isCrowd: Bool
    /// Whether the object need not be found, as of a crowd, but takes one prediction and by IoU.
    package var isIgnored: Bool

    /// An object; its area is the box's where none is given.
    package init(
        _ item: Item<Rectangle>, area: Double? = nil, isCrowd: Bool = false, isIgnored: Bool = false
    ) {
        self.item = item
        self.area = area ?? item.place.area
        self.isCrowd = isCrowd
        self.isIgnored = isIgnored
    }
}
