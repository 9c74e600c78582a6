import LinuxSystem
import TestSupport
import Testing

struct KernelReleaseTests {
    @Test(arguments: [
        ("5.7", KernelRelease(5, 7)), ("5.10.0-28-amd64", KernelRelease(5, 10)), ("6.1-rc3", KernelRelease(6, 1)),
        ("4.18.0-513.el8.x86_64", KernelRelease(4, 18)), ("5.6+", KernelRelease(5, 6)),
    ])
    func readsTheFirstTwoNumbers(text: String, release: KernelRelease) {
        #expect(KernelRelease(text) == release)
    }

    @Test(arguments: ["", "5", "five.six", ".6", "5.", "99999999999999999999.1"])
    func otherTextIsNoRelease(text: String) {
        #expect(KernelRelease(text) == nil)
    }

    @Test func numbersAreComparedAsNumbers() {
        #expect(KernelRelease(5, 6) < KernelRelease(5, 7) && KernelRelease(5, 7) < KernelRelease(5, 10))
        #expect(KernelRelease(4, 19) < KernelRelease(5, 0))
    }

    @Test func theRunningOneIsThatOfUname() throws {
        #expect(try KernelRelease.running == KernelRelease(ThisMachine().run("uname", "-r")))
    }
}
