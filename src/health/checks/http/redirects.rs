//! The request that a redirect asks for.

use http::header::{self, HeaderName, LOCATION};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use crate::error::Error;
use crate::http_url::HttpUrl;

/// Turns `request` into the one that `response` redirects to (RFC 9110, section 15.4). Returns false if it is no redirect.
///
/// Only [harmless](is_harmless) headers follow to another scheme, host or port.
pub(super) fn redirect<B>(request: &mut Parts, response: &Response<B>) -> Result<bool, Error> {
    let status = response.status();
    let location = response.headers().get(LOCATION);
    let (301..=303 | 307 | 308, Some(location)) = (status.as_u16(), location) else {
        return Ok(false);
    };
    let invalid = |problem: &str| Error::invalid(format!("the redirect is invalid ({problem})"));
    let location = location.to_str().map_err(|_| invalid("it is not ASCII"))?;
    let target = HttpUrl::join(&request.uri, location).map_err(|problem| invalid(&problem))?;
    request.method = method(&request.method, status);
    let origin = |uri: &http::Uri| (uri.scheme().cloned(), uri.authority().cloned());
    if origin(target.uri()) != origin(&request.uri) {
        let headers = std::mem::take(&mut request.headers);
        request.headers = headers
            .iter()
            .filter(|(name, _)| is_harmless(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
    }
    // Without the credentials that the location may hold.
    request.uri = target.uri().clone();
    Ok(true)
}

/// As browsers do (Fetch standard, HTTP-redirect fetch).
fn method(method: &Method, status: StatusCode) -> Method {
    match (status, method) {
        (StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND, &Method::POST) => Method::GET,
        (StatusCode::SEE_OTHER, method) if method != Method::HEAD => Method::GET,
        (_, method) => method.clone(),
    }
}

/// Any other header, such as an API key of any name, may be a credential.
fn is_harmless(name: &HeaderName) -> bool {
    [
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::ACCEPT_LANGUAGE,
        header::USER_AGENT,
    ]
    .contains(name)
}
