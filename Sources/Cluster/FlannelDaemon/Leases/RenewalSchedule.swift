/// When a lease is renewed.
enum RenewalSchedule {
    /// The time to wait until the margin begins, and earlier by chance up to a tenth of it.
    ///
    /// So hosts that started at once do not renew at once. A lease of less than two margins is renewed after half its time.
    ///
    /// - Parameters:
    ///   - left: until its end.
    ///   - margin: how long before its end it is renewed.
    ///   - chance: 0 to 1.
    /// - Returns: never less than nothing.
    static func wait(left: Duration, margin: Duration, chance: Double) -> Duration {
        let margin = min(margin, left / 2)
        return max(.zero, left - margin - margin / 10 * chance)
    }
}
