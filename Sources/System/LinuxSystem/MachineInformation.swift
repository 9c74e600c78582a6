import Glibc

/// What the machine has.
package enum MachineInformation {
    /// How many processors work, at least one.
    package static var processors: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
}
