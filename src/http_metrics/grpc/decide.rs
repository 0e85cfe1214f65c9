//! What tells that a request is a call, and that its method exists.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, request, response};

use super::code::Code;
use crate::http_metrics::labels::EndpointName;

/// The answer of a method, as far as it tells whether the method exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It has answered with messages or with OK.
    Exists,
    /// The call failed, which says nothing about the method.
    Failed,
    /// There is no such method, or what answered does not speak gRPC.
    Absent,
}

impl Evidence {
    pub(crate) fn of_code(code: Option<Code>) -> Self {
        match code {
            None | Some(Code::OK) => Self::Exists,
            Some(Code::UNIMPLEMENTED) => Self::Absent,
            Some(_) => Self::Failed,
        }
    }

    /// The evidence of a server's response head, where the code of a response without messages is.
    pub(crate) fn of_head(head: &response::Parts) -> Self {
        if is_grpc(&head.headers) {
            Self::of_code(Code::of_headers(&head.headers))
        } else {
            Self::Absent
        }
    }
}

/// Decides the series of a call whose method was unknown when it began.
pub(crate) trait Decide<S>: Send + Sync {
    fn decide(&self, evidence: Evidence) -> Arc<S>;
}

/// Whether a request is a gRPC call. gRPC-Web is not: its status is in the body. A route that is neither the path nor a
/// prefix of it (tonic's are `/pkg.Service/{*rest}`) is one for HTTP, whatever its client claims.
pub(crate) fn is_call(request: &request::Parts, route: Option<&EndpointName<'_>>) -> bool {
    is_call_of(&request.method, &request.headers, request.uri.path(), route)
}

pub(crate) fn is_call_of(
    method: &Method,
    headers: &HeaderMap,
    path: &str,
    route: Option<&EndpointName<'_>>,
) -> bool {
    *method == Method::POST
        && is_grpc(headers)
        && route.is_none_or(|route| route.text.contains("{*") || route.text == path)
}

/// `application/grpc`, with a codec or without (gRPC, "gRPC over HTTP2").
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let rest = content_type.and_then(|value| value.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_makes_a_call() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpc-web+proto", false),
            ("application/json", false),
            ("application/grp", false),
        ] {
            let request = http::Request::post("/pkg.Service/Method");
            let request = request.header(CONTENT_TYPE, content_type);
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_call(&parts, None), expected, "{content_type}");
            for (route, is_grpc) in [
                ("/pkg.Service/{*rest}", true),
                ("/pkg.Service/Method", true),
                ("/{service}/{method}", false),
            ] {
                let route = route.into();
                let name = EndpointName::new(&route);
                let is_call = is_call(&parts, Some(&name));
                assert_eq!(is_call, expected && is_grpc, "{route}");
            }
            parts.method = Method::GET;
            assert!(!is_call(&parts, None));
        }
    }
}
