//! What a request's labels may read: every set is closed, or capped.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::Method;
use http::request::Parts;

/// A label's value that stands for all that had no place of their own.
pub(crate) const OTHER: &str = "other";
/// The endpoint of a request that no route matched.
pub(crate) const UNMATCHED: &str = "unmatched";

/// The nine methods of RFC 9110 (section 9) and RFC 5789, and OpenTelemetry's word for any other.
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

/// An endpoint's name, and whether its address may be remembered.
pub(crate) struct EndpointName<'a> {
    pub(crate) text: &'a str,
    pub(crate) pin: Pin<'a>,
}

/// What keeps a name's text at its address.
pub(crate) enum Pin<'a> {
    /// Nothing is needed: the text is `'static`.
    Static,
    /// A clone of this.
    #[cfg_attr(
        not(feature = "axum"),
        allow(dead_code, reason = "only routers lend names")
    )]
    Clone(&'a dyn Pinned),
    /// The text is the request's own and goes with it.
    Never,
}

/// Something that can be kept so that what it lends stays where it is.
pub(crate) trait Pinned {
    fn pin(&self) -> Box<dyn Any + Send + Sync>;
}

impl<T: Any + Clone + Send + Sync> Pinned for T {
    fn pin(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.clone())
    }
}

impl<'a> EndpointName<'a> {
    #[expect(
        clippy::ptr_arg,
        reason = "whether it is borrowed or owned is the point"
    )]
    pub(crate) fn of(name: &'a Cow<'static, str>) -> Self {
        match name {
            Cow::Borrowed(text) => Self {
                text,
                pin: Pin::Static,
            },
            Cow::Owned(text) => Self {
                text,
                pin: Pin::Never,
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
            pin: Pin::Clone(path),
        })
    }

    #[cfg(not(feature = "axum"))]
    #[inline]
    pub(crate) fn matched(_extensions: &'a http::Extensions) -> Option<Self> {
        None
    }
}

type Pick = dyn Fn(&Parts) -> Option<&str> + Send + Sync;

/// A label of the user's own, with the values declared for it.
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

    /// How many values the label can read, `other` among them.
    pub(crate) fn len(&self) -> usize {
        self.values.len() + 1
    }

    /// The place of the picked value, or the one after the last for `other`.
    pub(crate) fn pick(&self, parts: &Parts) -> usize {
        (self.pick)(parts)
            .and_then(|picked| self.values.iter().position(|value| value == picked))
            .unwrap_or(self.other())
    }

    /// The place of `other`.
    pub(crate) fn other(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn value(&self, place: usize) -> Cow<'static, str> {
        self.values
            .get(place)
            .cloned()
            .unwrap_or(Cow::Borrowed(OTHER))
    }
}

impl fmt::Debug for ExtraLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtraLabel")
            .field("name", &self.name)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_methods_keep_their_name_and_invented_ones_share_one() {
        for name in &METHODS[..9] {
            let method: Method = name.parse().unwrap();
            assert_eq!(METHODS[method_index(&method)], *name);
        }
        for invented in ["get", "PROPFIND", "_OTHER", "X"] {
            assert_eq!(METHODS[method_index(&invented.parse().unwrap())], "_OTHER");
        }
    }

    #[test]
    fn a_value_not_declared_is_other() {
        let label = ExtraLabel::new("tier".into(), vec!["free".into(), "paid".into()], |parts| {
            parts.headers.get("tier")?.to_str().ok()
        });
        let picked = |tier: Option<&str>| {
            let mut request = http::Request::builder();
            if let Some(tier) = tier {
                request = request.header("tier", tier);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            label.value(label.pick(&parts))
        };
        assert_eq!(picked(Some("free")), "free");
        assert_eq!(picked(Some("paid")), "paid");
        assert_eq!(picked(Some("gold")), OTHER);
        assert_eq!(picked(None), OTHER);
    }
}
