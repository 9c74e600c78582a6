/// The version of this suite.
public enum PackageVersion {
    public static let current = "v0.1.0"
}
