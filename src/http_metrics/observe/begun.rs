//! `Begun`: a server span that has begun.

use tracing::Span;

pub(crate) struct Begun {
    pub(crate) span: Span,
    /// Whether it has attributes, and gets those of its end.
    pub(crate) is_recorded: bool,
    /// The method of a recorded span without a route, because a layer inside can find the route.
    pub(crate) unnamed: Option<&'static str>,
}

/// No span.
impl Default for Begun {
    fn default() -> Self {
        Self {
            span: Span::none(),
            is_recorded: false,
            unnamed: None,
        }
    }
}

impl From<Span> for Begun {
    /// A span that is not recorded.
    fn from(span: Span) -> Self {
        Self {
            span,
            ..Self::default()
        }
    }
}
