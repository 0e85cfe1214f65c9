//! [`Routes::cors`]: pages of other origins that may read routes.

use http::header::HeaderValue;
use http::uri::Authority;

use super::routes::Routes;

impl Routes {
    /// Allows pages of these origins to read the JSON of these routes in a browser (CORS, with tower-http). Defaults to none.
    /// Each call adds origins.
    ///
    /// It holds for GET and HEAD on all routes but those below `/debug/pprof/`. Routes that change something stay closed to
    /// pages of other origins. Pages may send `Authorization`, so that they can read guarded routes with a token. Cookies are
    /// not allowed. The guard checks each request as before: this setting only makes browsers show the response to the page.
    ///
    /// An origin is a scheme, a host and a port unless it is the scheme's own. Everything else is a
    /// [mistake](Self#mistakes): `*`, a path, and a list without origins.
    ///
    /// ```
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().liveness().cors(["https://ops.example.com", "http://localhost:5173"]);
    /// assert!(routes.build::<()>().is_ok());
    ///
    /// let error = Routes::new().cors(["*"]).build::<()>().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the CORS origin \"*\" has a wildcard: an origin like https://ops.example.com or http://localhost:5173 is needed"
    /// );
    /// ```
    pub fn cors(mut self, origins: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut is_empty = true;
        for text in origins {
            is_empty = false;
            let text = text.as_ref().trim();
            match origin(text) {
                Ok(origin) => self.origins.push(origin),
                Err(problem) => self.mistakes.push(format!(
                    "the CORS origin {text:?} {problem}: an origin like https://ops.example.com or http://localhost:5173 is \
                     needed"
                )),
            }
        }
        if is_empty {
            self.mistakes
                .push("Routes::cors has no origins: it needs one at least".to_owned());
        }
        self
    }
}

/// Checks an origin as browsers write it (RFC 6454, section 6.2), because it is compared byte by byte.
fn origin(text: &str) -> Result<HeaderValue, String> {
    if text.contains('*') {
        return Err("has a wildcard".to_owned());
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("has no scheme".to_owned());
    };
    if rest.contains(['/', '?', '#']) {
        return Err("has a path".to_owned());
    }
    if rest.contains('@') {
        return Err("has a user".to_owned());
    }
    if text.contains(|c: char| c.is_ascii_uppercase()) {
        return Err("has capital letters".to_owned());
    }
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-._+:/[]".contains(*c);
    if let Some(c) = text.chars().find(|c| !is_plain(c)) {
        return Err(format!("contains {c:?}"));
    }
    if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("has no scheme".to_owned());
    }
    if rest.is_empty() || rest.starts_with(':') {
        return Err("has no host".to_owned());
    }
    let authority: Authority = rest.parse().map_err(|_| "has an invalid host".to_owned())?;
    let (host, port) = (authority.host(), authority.port_u16());
    if host.len() < rest.len() && port.is_none() {
        return Err("has an invalid port".to_owned());
    }
    if let ("http", Some(80)) | ("https", Some(443)) = (scheme, port) {
        return Err("has the port of its scheme, which browsers leave out".to_owned());
    }
    HeaderValue::from_str(text).map_err(|_| "is not a header".to_owned())
}
