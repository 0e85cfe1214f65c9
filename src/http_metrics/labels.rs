//! The values of a request's labels. Each set of values is closed or capped.

use std::any::Any;
use std::borrow::Cow;

use http::Method;

/// The label value that stands for all values beyond the known ones.
pub(crate) const OTHER: &str = "other";
/// The endpoint of a request that no route matched.
pub(crate) const UNMATCHED: &str = "unmatched";

/// The methods that OpenTelemetry's conventions 1.44 know, and their name for all others. `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` has
/// no effect, because the methods bound the number of series.
pub(crate) const METHODS: [&str; 11] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY",
    "_OTHER",
];

#[inline]
pub(crate) fn method_index(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::POST => 1,
        Method::PUT => 2,
        Method::DELETE => 3,
        Method::PATCH => 4,
        Method::HEAD => 5,
        Method::OPTIONS => 6,
        Method::CONNECT => 7,
        Method::TRACE => 8,
        // By its name, because older versions of `http` have no constant for it.
        _ if method.as_str() == "QUERY" => 9,
        _ => 10,
    }
}

/// An endpoint's name, and the owner of its text.
pub(crate) struct EndpointName<'a> {
    pub(crate) text: &'a str,
    pub(crate) owner: TextOwner<'a>,
}

/// Whether a text stays at its address, so that the address identifies it.
pub(crate) enum TextOwner<'a> {
    /// The text is `'static`.
    Static,
    /// The text stays as long as a clone of this value exists.
    Shared(&'a dyn KeepAlive),
    /// The text is freed with the request.
    Request,
}

/// A value whose clone keeps the text that it lends at its address.
pub(crate) trait KeepAlive {
    fn keep_alive(&self) -> Box<dyn Any + Send + Sync>;
}

impl<T: Any + Clone + Send + Sync> KeepAlive for T {
    fn keep_alive(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.clone())
    }
}

impl<'a> EndpointName<'a> {
    #[expect(
        clippy::ptr_arg,
        reason = "borrowed and owned names have different owners"
    )]
    pub(crate) fn new(name: &'a Cow<'static, str>) -> Self {
        match name {
            Cow::Borrowed(text) => Self {
                text,
                owner: TextOwner::Static,
            },
            Cow::Owned(text) => Self {
                text,
                owner: TextOwner::Request,
            },
        }
    }

    /// The route that axum matched. Its text is the router's own string, shared by every request of the route.
    #[cfg(feature = "axum")]
    #[inline]
    pub(crate) fn matched(extensions: &'a http::Extensions) -> Option<Self> {
        let path = extensions.get::<axum::extract::MatchedPath>()?;
        Some(Self {
            text: path.as_str(),
            owner: TextOwner::Shared(path),
        })
    }

    #[cfg(not(feature = "axum"))]
    #[inline]
    pub(crate) fn matched(_extensions: &'a http::Extensions) -> Option<Self> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_methods_keep_their_name_and_others_share_one() {
        for name in [
            "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY",
        ] {
            let method: Method = name.parse().unwrap();
            assert_eq!(METHODS[method_index(&method)], name);
        }
        for invented in ["get", "query", "PROPFIND", "_OTHER", "X"] {
            assert_eq!(METHODS[method_index(&invented.parse().unwrap())], "_OTHER");
        }
    }
}
