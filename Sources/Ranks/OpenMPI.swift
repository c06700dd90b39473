// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The processes that `mpirun` of Open MPI started, through the library found at run time.
///
/// Nothing of MPI is needed to build or to run one process: the library is opened only where
/// `mpirun` has set its variables. What is used of its binary interface (names of objects, sizes
/// of handles) is the same in Open MPI 4 and 5.
@safe package final class OpenMPI: RankGroup {
    /// This process's number.
    package let rank: Int
    /// Processes in all.
    package let count: Int
    private let library: Library
    private let communicator: OpaquePointer
    private let bytes: OpaquePointer

    /// The group of this process; nil where it wasn't started by `mpirun`, or alone.
    ///
    /// - Throws: where the library is missing or refuses to start.
    package static func start(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(RankError) -> OpenMPI? {
        guard let size = environment["OMPI_COMM_WORLD_SIZE"].flatMap(Int.init), size > 1 else {
            return nil
        }
        let group = try OpenMPI(size)
        if group.count > 1 { return group }
        // Started from a shell that mpirun started, but not by mpirun itself.
        group.finish()
        return nil
    }

    private init(_ size: Int) throws(RankError) {
        let library = try Library(processes: size)
        unsafe communicator = unsafe library.communicator
        unsafe bytes = unsafe library.bytes
        var provided: Int32 = 0
        // 1: MPI_THREAD_FUNNELED, only the main thread calls.
        guard unsafe library.start(nil, nil, 1, &provided) == 0 else {
            throw RankError("Open MPI can't start (MPI_Init_thread failed)")
        }
        var rank: Int32 = 0, count: Int32 = 0
        guard unsafe library.rank(communicator, &rank) == 0,
            unsafe library.size(communicator, &count) == 0,
            unsafe library.setErrorHandler(communicator, library.errorsReturn) == 0
        else { throw RankError("Open MPI doesn't say which rank this process has") }
        self.library = library
        self.rank = Int(rank)
        self.count = Int(count)
    }

    /// Ends this process's part; to be called by every rank that ends well.
    package func finish() { _ = library.finish() }

    /// Sends bytes to a process.
    package func send(
        _ buffer: UnsafeRawBufferPointer, to rank: Int, tag: Int
    ) throws(RankError) -> any RankTransfer {
        unsafe try transfer("send", buffer.count, rank) { request, length in
            unsafe library.send(
                buffer.baseAddress, length, bytes, Int32(rank), Int32(tag), communicator, request)
        }
    }

    /// Waits for bytes of a process.
    package func receive(
        into buffer: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
    ) throws(RankError) -> any RankTransfer {
        unsafe try transfer("receive", buffer.count, rank) { request, length in
            unsafe library.receive(
                buffer.baseAddress, length, bytes, Int32(rank), Int32(tag), communicator, request)
        }
    }

    private func transfer(
        _ what: String, _ length: Int, _ other: Int,
        _ begin: (UnsafeMutablePointer<OpaquePointer?>, Int32) -> Int32
    ) throws(RankError) -> Transfer {
        precondition(length <= Int(Int32.max), "a message of \(length) bytes")
        let transfer = unsafe Transfer(library.test, other)
        guard unsafe begin(transfer.request, Int32(length)) == 0 else {
            throw Transfer.lost(other, what)
        }
        return transfer
    }

    @safe private final class Transfer: RankTransfer {
        let request = UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: 1)
        private let test: Library.Test
        private let other: Int
        private var isDone = false

        init(_ test: @escaping Library.Test, _ other: Int) {
            unsafe request.initialize(to: nil)
            unsafe self.test = unsafe test
            self.other = other
        }

        deinit { unsafe request.deallocate() }

        func poll() throws(RankError) -> Bool {
            if isDone { return true }
            var flag: Int32 = 0
            // A null status is MPI_STATUS_IGNORE.
            guard unsafe test(request, &flag, nil) == 0 else { throw Transfer.lost(other, "reach") }
            isDone = flag != 0
            return isDone
        }

        static func lost(_ other: Int, _ what: String) -> RankError {
            RankError("can't \(what) rank \(other) any more (Open MPI reports an error)")
        }
    }
}

/// The functions and objects of `libmpi`.
@safe private struct Library {
    typealias Handle = OpaquePointer
    typealias Start =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int32, UnsafeMutablePointer<Int32>
        ) -> Int32
    typealias Ask = @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Int32
    typealias SetHandler = @convention(c) (Handle, Handle) -> Int32
    typealias Send =
        @convention(c) (
            UnsafeRawPointer?, Int32, Handle, Int32, Int32, Handle, UnsafeMutablePointer<Handle?>
        ) -> Int32
    typealias Receive =
        @convention(c) (
            UnsafeMutableRawPointer?, Int32, Handle, Int32, Int32, Handle,
            UnsafeMutablePointer<Handle?>
        ) -> Int32
    typealias Test =
        @convention(c) (
            UnsafeMutablePointer<Handle?>, UnsafeMutablePointer<Int32>, UnsafeMutableRawPointer?
        ) -> Int32
    typealias Finish = @convention(c) () -> Int32

    let start: Start
    let rank: Ask
    let size: Ask
    let setErrorHandler: SetHandler
    let send: Send
    let receive: Receive
    let test: Test
    let finish: Finish
    let communicator: Handle
    let bytes: Handle
    let errorsReturn: Handle

    init(processes: Int) throws(RankError) {
        let names = ["libmpi.so.40", "libmpi.so"]
        // Global: Open MPI's own plug-ins look for its symbols.
        guard
            let library = unsafe names.lazy.compactMap({ unsafe dlopen($0, RTLD_NOW | RTLD_GLOBAL) }
            ).first
        else {
            throw RankError(
                "mpirun started \(processes) processes, but \(names[0]) is missing; install Open "
                    + "MPI's library (Debian: libopenmpi3), or run one process")
        }
        func symbol(_ name: String) throws(RankError) -> UnsafeMutableRawPointer {
            guard let found = unsafe dlsym(library, name) else {
                throw RankError("libmpi has no \(name); expected Open MPI 4 or 5")
            }
            return unsafe found
        }
        unsafe start = unsafe unsafeBitCast(try symbol("MPI_Init_thread"), to: Start.self)
        unsafe rank = unsafe unsafeBitCast(try symbol("MPI_Comm_rank"), to: Ask.self)
        unsafe size = unsafe unsafeBitCast(try symbol("MPI_Comm_size"), to: Ask.self)
        unsafe setErrorHandler = unsafe unsafeBitCast(
            try symbol("MPI_Comm_set_errhandler"), to: SetHandler.self)
        unsafe send = unsafe unsafeBitCast(try symbol("MPI_Isend"), to: Send.self)
        unsafe receive = unsafe unsafeBitCast(try symbol("MPI_Irecv"), to: Receive.self)
        unsafe test = unsafe unsafeBitCast(try symbol("MPI_Test"), to: Test.self)
        finish = unsafe unsafeBitCast(try symbol("MPI_Finalize"), to: Finish.self)
        unsafe communicator = unsafe Handle(try symbol("ompi_mpi_comm_world"))
        unsafe bytes = unsafe Handle(try symbol("ompi_mpi_byte"))
        unsafe errorsReturn = unsafe Handle(try symbol("ompi_mpi_errors_return"))
    }
}
