//! `Method`: the methods of a route.

/// The methods that a route allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// And HEAD.
    Get,
    /// For routes that change something.
    Post,
    /// And HEAD; PUT changes what GET shows.
    #[cfg_attr(
        not(feature = "logging"),
        expect(dead_code, reason = "only the log level is put")
    )]
    GetAndPut,
}
