// SPDX-License-Identifier: Apache-2.0
package import Files

/// The inputs of a preparation, done one by one; those that can't be used are left out.
///
/// An `InputError` is an input's fault, unless the system refused a write: a full disk ends the
/// preparation.
package struct PreparationLoop: Sendable {
    /// What a worker made of an input.
    package struct Product<Item: Sendable>: Sendable {
        let item: Item
        let outcome: PreparationOutcome

        /// An item of the index and how it came about.
        package init(_ item: Item, _ outcome: PreparationOutcome) {
            self.item = item
            self.outcome = outcome
        }
    }

    /// What a preparation made, in the order of its inputs whichever ended first.
    package struct Products<Item: Sendable>: Sendable {
        /// The items.
        package internal(set) var items: [Item] = []
        /// What was left out.
        package internal(set) var skipped: [SkippedInput] = []
        /// Those of them that nobody wanted left out.
        package internal(set) var faults: [SkippedInput] = []
    }

    /// Told of every input as it is done.
    package typealias Report = (PreparationEvent) -> Void
    /// Makes something of the input of this number, and notes what people should know of it.
    package typealias Work<Item: Sendable> =
        (_ number: Int, _ notes: inout [String]) throws -> Product<Item>

    /// What an input is called, such as "video".
    package let noun: String
    /// The inputs' names, in order.
    package let inputs: [String]
    /// Inputs that nobody wants.
    package let excluded: [SkippedInput]
    /// Inputs that were found not to be usable before.
    package let faulty: [SkippedInput]
    /// Whether inputs that can't be used are left out instead of refused at the end.
    package let keepGoing: Bool
    /// How often unfinished work is saved.
    package var saveInterval = Duration.seconds(5)

    /// A loop over inputs.
    package init(
        _ noun: String, inputs: [String], excluded: [SkippedInput] = [],
        faulty: [SkippedInput] = [], keepGoing: Bool
    ) {
        self.noun = noun
        self.inputs = inputs
        self.excluded = excluded
        self.faulty = faulty
        self.keepGoing = keepGoing
    }

    /// Does all inputs on several threads.
    ///
    /// - Parameters:
    ///   - makeWorker: Called once on each thread.
    ///   - report: Told of every input.
    ///   - save: Gets what is made so far, now and then.
    /// - Returns: The same for any number of threads.
    /// - Throws: What no input is to blame for, and what `save` throws.
    package func run<Item>(
        threads: Int, makeWorker: @escaping @Sendable () -> Work<Item>,
        report: Report, save: (Products<Item>) throws -> Void = { _ in }
    ) throws -> Products<Item> {
        var draft = Draft<Item>(self, report)
        _ = try Jobs<Done<Item>>.run(count: inputs.count, threads: threads) {
            let worker = makeWorker()
            return { try PreparationLoop.attempt($0, worker) }
        } ended: { number, done in
            try draft.add(number, done, report, save)
        }
        return draft.products
    }

    /// Does all inputs in order on the caller's thread: for work that uses all threads itself.
    ///
    /// - Throws: What no input is to blame for.
    package func runInOrder<Item>(
        report: Report, work: Work<Item>
    ) throws -> Products<Item> {
        var draft = Draft<Item>(self, report)
        for number in inputs.indices {
            try draft.add(number, PreparationLoop.attempt(number, work), report) { _ in }
        }
        return draft.products
    }

    /// Refuses products that have gaps or are none.
    ///
    /// - Throws: One line where an input can't be used, unless such are left out; and where nothing
    ///   is left.
    package func check<Item>(_ products: Products<Item>) throws(InputError) {
        let faults = products.faults, total = inputs.count + excluded.count + faulty.count
        if !keepGoing, let first = faults.first {
            throw InputError(
                "\(faults.count) of \(total) \(noun)s can't be used: \(first.reason); --keep-going "
                    + "leaves \(faults.count == 1 ? "it" : "them") out")
        }
        guard products.items.isEmpty else { return }
        throw InputError(
            "no \(noun) can be used: \(products.skipped.first?.reason ?? "there is none")")
    }

    // MARK: One input

    /// What became of one input.
    private struct Done<Item: Sendable>: Sendable {
        var item: Item?
        var outcome: PreparationOutcome
        var notes: [String]
    }

    private static func attempt<Item>(_ number: Int, _ work: Work<Item>) throws -> Done<Item> {
        var notes: [String] = []
        do {
            let product = try work(number, &notes)
            return Done(item: product.item, outcome: product.outcome, notes: notes)
        } catch let error as InputError where !error.isStorage {
            return Done(item: nil, outcome: .skipped(error.description), notes: notes)
        }
    }

    /// What is made while inputs end in any order.
    private struct Draft<Item: Sendable> {
        private let loop: PreparationLoop
        private var done: [Done<Item>?]
        private var count = 0
        private var saved = ContinuousClock.now

        init(_ loop: PreparationLoop, _ report: Report) {
            self.loop = loop
            done = Array(repeating: nil, count: loop.inputs.count)
            for (number, one) in (loop.excluded + loop.faulty).enumerated() {
                tell(number, one.id, .skipped(one.reason), [], report)
            }
        }

        mutating func add(
            _ number: Int, _ one: Done<Item>, _ report: Report,
            _ save: (Products<Item>) throws -> Void
        ) throws {
            done[number] = one
            tell(
                loop.excluded.count + loop.faulty.count + number, loop.inputs[number], one.outcome,
                one.notes, report)
            guard saved.duration(to: .now) > loop.saveInterval else { return }
            try save(products)
            saved = .now
        }

        private mutating func tell(
            _ number: Int, _ id: String, _ outcome: PreparationOutcome, _ notes: [String],
            _ report: Report
        ) {
            count += 1
            report(
                PreparationEvent(
                    number: number, done: count,
                    total: loop.inputs.count + loop.excluded.count + loop.faulty.count, id: id,
                    outcome: outcome, notes: notes))
        }

        var products: Products<Item> {
            var products = Products<Item>()
            products.skipped = loop.excluded + loop.faulty
            products.faults = loop.faulty
            for (id, one) in zip(loop.inputs, done) {
                if let item = one?.item { products.items.append(item) }
                guard case .skipped(let reason)? = one?.outcome else { continue }
                products.skipped.append(SkippedInput(id: id, reason: reason))
                products.faults.append(SkippedInput(id: id, reason: reason))
            }
            return products
        }
    }
}
