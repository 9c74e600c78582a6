/// The version of this suite.
package enum PackageVersion {
    package static let current = "v0.1.0"
}
