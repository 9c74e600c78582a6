import Glibc

/// What ends a child when its parent ends, however that happens: a pipe whose writing end only the parent has.
///
/// prctl(2) has `PR_SET_PDEATHSIG` for it, which only the child itself could ask for before it runs its program.
final class Lifeline {
    private let reading: FileDescriptor
    private let writing: FileDescriptor

    init() throws(SystemError) {
        let pipe = try FileDescriptor.pipe()
        reading = pipe.reading
        writing = pipe.writing
    }

    /// What the child has to have open as well, or what is asked here would end with the parent.
    var childEnd: CInt { reading.rawValue }

    /// Has the kernel kill the child when nobody can write to the pipe any more: fcntl(2), `F_SETSIG`.
    func hold(_ child: pid_t) {
        _ = fcntl(childEnd, Self.setSignal, SIGKILL)
        _ = fcntl(childEnd, F_SETOWN, child)
        _ = fcntl(childEnd, F_SETFL, O_ASYNC)
    }

    /// `F_SETSIG` of the kernel's asm-generic/fcntl.h, which the C library's header hides.
    private static let setSignal: CInt = 10
}
