// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// A folder that a preparation writes, one process at a time.
///
/// `index.json`, written last, names what is whole; `index.partial.json` is what an unfinished
/// preparation has done so far, for the next one to go on from.
package struct PreparedFolder<Index: Codable & Sendable>: Sendable {
    /// The folder.
    package let path: String

    /// A folder, which need not be there.
    package init(_ path: String) { self.path = path }

    /// The index.
    package var indexPath: String { file.path }
    private var file: PreparedFile<Index> { PreparedFile("\(path)/index.json") }
    private var journal: PreparedFile<Index> { PreparedFile("\(path)/index.partial.json") }

    /// The index; nil where there is none.
    ///
    /// - Parameter damaged: What is wrong with a file that is no index of this kind.
    /// - Throws: That, in one line that names the file.
    package func index(orElse damaged: String) throws(InputError) -> Index? {
        guard let data = FileManager.default.contents(atPath: indexPath) else { return nil }
        do { return try JSONDecoder().decode(Index.self, from: data) } catch {
            throw InputError(damaged, path: indexPath)
        }
    }

    /// The indices of a finished and of an unfinished preparation, as far as they are there.
    package var indices: [Index] { [file, journal].compactMap { $0.read() } }

    /// Prepares inputs on several threads.
    ///
    /// The journal goes on from time to time, and stays where inputs are refused: what is whole is
    /// not made again.
    ///
    /// - Parameters:
    ///   - index: The index of what is made.
    ///   - finish: Writes what belongs beside the index, before it.
    package func prepare<Item>(
        _ loop: PreparationLoop, threads: Int,
        makeWorker: @escaping @Sendable () -> PreparationLoop.Work<Item>,
        report: PreparationLoop.Report, index: (PreparationLoop.Products<Item>) -> Index,
        finish: (Index) throws -> Void = { _ in }
    ) throws -> Index {
        let products = try loop.run(threads: threads, makeWorker: makeWorker, report: report) {
            try journal.write(index($0))
        }
        do { try loop.check(products) } catch {
            if !products.items.isEmpty { try journal.write(index(products)) }
            throw error
        }
        let whole = index(products)
        try finish(whole)
        try file.write(whole)
        journal.remove()
        return whole
    }
}
