//! `Watch`: a source whose routes respond differently from time to time.

/// Tells viewers when to ask the routes of a source again.
#[cfg_attr(
    not(feature = "dashboard"),
    expect(dead_code, reason = "only the dashboard watches")
)]
pub(super) trait Watch: Send + Sync {
    fn name(&self) -> &'static str;

    /// A number that is another one once the routes respond differently. Computing it may take a millisecond.
    fn version(&self) -> u64;

    /// Numbers for an overview.
    fn counts(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }
}
