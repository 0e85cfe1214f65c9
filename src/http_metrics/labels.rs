//! The values of a request's labels. Each set of values is closed or capped.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use http::request::Parts;

/// The label value that stands for all values beyond the known ones.
pub(crate) const OTHER: &str = "other";
/// The endpoint of a request that no route matched.
pub(crate) const UNMATCHED: &str = "unmatched";

/// The nine methods of RFC 9110 (section 9) and RFC 5789, and OpenTelemetry's name for all others.
pub(crate) const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
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
        _ => 9,
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

type Pick = dyn Fn(&Parts) -> Option<&str> + Send + Sync;

/// A label that the user added, with its declared values.
#[derive(Clone)]
pub(crate) struct ExtraLabel {
    pub(crate) name: Cow<'static, str>,
    values: Arc<[Cow<'static, str>]>,
    pick: Arc<Pick>,
}

impl ExtraLabel {
    pub(crate) fn new(
        name: Cow<'static, str>,
        values: Vec<Cow<'static, str>>,
        pick: impl Fn(&Parts) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            values: values.into(),
            pick: Arc::new(pick),
        }
    }

    pub(crate) fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// The number of values the label can take, including `other`.
    pub(crate) fn value_count(&self) -> usize {
        self.values.len() + 1
    }

    /// The index of the value that this request has.
    pub(crate) fn index(&self, parts: &Parts) -> usize {
        (self.pick)(parts)
            .and_then(|picked| self.values.iter().position(|value| value == picked))
            .unwrap_or(self.other_index())
    }

    pub(crate) fn other_index(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn value(&self, index: usize) -> Cow<'static, str> {
        self.values
            .get(index)
            .cloned()
            .unwrap_or(Cow::Borrowed(OTHER))
    }
}

debug_fields!(ExtraLabel { name, values });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_methods_keep_their_name_and_others_share_one() {
        for name in &METHODS[..9] {
            let method: Method = name.parse().unwrap();
            assert_eq!(METHODS[method_index(&method)], *name);
        }
        for invented in ["get", "PROPFIND", "_OTHER", "X"] {
            assert_eq!(METHODS[method_index(&invented.parse().unwrap())], "_OTHER");
        }
    }

    #[test]
    fn an_undeclared_value_is_other() {
        let label = ExtraLabel::new("tier".into(), vec!["free".into(), "paid".into()], |parts| {
            parts.headers.get("tier")?.to_str().ok()
        });
        let picked = |tier: Option<&str>| {
            let mut request = http::Request::builder();
            if let Some(tier) = tier {
                request = request.header("tier", tier);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            label.value(label.index(&parts))
        };
        assert_eq!(picked(Some("free")), "free");
        assert_eq!(picked(Some("paid")), "paid");
        assert_eq!(picked(Some("gold")), OTHER);
        assert_eq!(picked(None), OTHER);
    }
}
