//! [`Guard`]: access to guarded routes.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;
use subtle::ConstantTimeEq;

use super::function_guard::FunctionGuard;
use super::hosts::Hosts;
use super::ip_guard::IpGuard;
use super::refusal::Refusal;
use crate::forwarded::ForwardedHeader;
use crate::redact::register_own;
use crate::settings::{ExposeSecret, Settings};

/// Decides which requests may read guarded routes.
///
/// ```
/// use tower_vitals::routes::Guard;
///
/// // Prometheus in the cluster, and people with a token from anywhere.
/// let guard = Guard::any([Guard::ip(["10.0.0.0/8", "fd00::/8"]), Guard::bearer("s3cret")]);
/// ```
///
/// # The address of the client
///
/// [`Guard::ip`] reads it from the extensions of the request, in axum's
/// [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo) or as a plain [`SocketAddr`](std::net::SocketAddr).
/// [`Routes::serve`](super::Routes::serve) and [`Routes::spawn`](super::Routes::spawn) pass it. In axum,
/// `into_make_service_with_connect_info` does:
///
/// ```no_run
/// use std::net::SocketAddr;
///
/// # async fn serve(app: axum::Router, listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
/// # }
/// ```
///
/// In front of a hyper service ([`Routes::around`](super::Routes::around)), the accept loop adds it:
///
/// ```
/// use std::net::SocketAddr;
/// use http::Request;
/// use tower::ServiceBuilder;
///
/// # fn accepted<S, B>(service: S, peer: SocketAddr) -> impl tower::Service<Request<B>>
/// # where S: tower::Service<Request<B>> {
/// // `peer` comes from `listener.accept()`.
/// let service = ServiceBuilder::new()
///     .map_request(move |mut request: Request<_>| {
///         request.extensions_mut().insert(peer);
///         request
///     })
///     .service(service);
/// # service
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Guard {
    pub(super) kind: Kind,
    /// The hosts that requests may be sent to, or `None` for all.
    pub(super) hosts: Option<Hosts>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Closed,
    Open,
    Bearer(Arc<str>),
    Basic(Arc<Basic>),
    Ip(Arc<IpGuard>),
    With(Arc<FunctionGuard>),
    Any(Arc<[Guard]>),
    All(Arc<[Guard]>),
}

pub(super) struct Basic {
    /// The user and the password as clients send them, or `None` if the password is empty.
    pub(super) credentials: Option<String>,
    has_colon: bool,
}

impl Guard {
    fn new(kind: Kind) -> Self {
        Self { kind, hosts: None }
    }

    pub(crate) fn closed() -> Self {
        Self::new(Kind::Closed)
    }

    /// Allows requests with `Authorization: Bearer <secret>` (RFC 6750, section 2.1). Others get 401 and a challenge.
    ///
    /// White space around the secret is trimmed. The comparison takes constant time, and does not hide the secret's length.
    /// An empty secret, such as that of an environment variable that is not set, allows no request.
    pub fn bearer(secret: impl Into<String>) -> Self {
        let secret = secret.into();
        register_own(&secret);
        Self::new(Kind::Bearer(secret.trim().into()))
    }

    /// Allows requests with this user and password (`Authorization: Basic ..`, RFC 7617, in UTF-8). Others get 401 and a
    /// challenge.
    ///
    /// Line breaks at the end of the password are trimmed. The comparison takes constant time, and does not hide the length.
    /// An empty password allows no request. A user with a colon is a [mistake](super::Routes#mistakes).
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// // curl -u prometheus:s3cret
    /// let guard = Guard::basic("prometheus", "s3cret");
    /// ```
    pub fn basic(user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        let (user, password) = (user.as_ref(), password.as_ref());
        let password = password.trim_end_matches(['\r', '\n']);
        register_own(password);
        let credentials = || STANDARD.encode([user, ":", password].concat());
        let basic = Basic {
            credentials: (!password.is_empty()).then(credentials),
            has_colon: user.contains(':'),
        };
        Self::new(Kind::Basic(Arc::new(basic)))
    }

    /// Allows requests from these IP addresses and ranges (CIDR). Others get 403.
    ///
    /// The address is that of the connection's other end ([how it is passed](Self#the-address-of-the-client)). Headers such
    /// as `X-Forwarded-For` are ignored, because any client can send them: behind a proxy use
    /// [`ip_behind_proxies`](Self::ip_behind_proxies). An IPv4 address in IPv6 form (`::ffff:10.0.0.1`) counts as IPv4.
    ///
    /// A text that is no range is a [mistake](super::Routes#mistakes), and so is an empty list.
    ///
    /// ```
    /// use tower_vitals::Routes;
    /// use tower_vitals::routes::Guard;
    ///
    /// let routes = Routes::new().guard(Guard::ip(["10.0.0.0/8", "::1"]));
    /// assert!(routes.build::<()>().is_ok());
    ///
    /// let routes = Routes::new().guard(Guard::ip(["10.0.0.1/8"]));
    /// assert_eq!(
    ///     routes.build::<()>().unwrap_err().to_string(),
    ///     "the guard's range \"10.0.0.1/8\" has bits after its prefix: write 10.0.0.0/8 for the range, or 10.0.0.1 for the \
    ///      address"
    /// );
    /// ```
    pub fn ip(ranges: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::new(Kind::Ip(Arc::new(IpGuard::new(ranges))))
    }

    /// Allows requests from these IP addresses and ranges, as [`ip`](Self::ip) does, that came directly or through these
    /// proxies.
    ///
    /// If the peer is one of the proxies, the client's address is the last in `X-Forwarded-For` that is not a proxy, or the
    /// first if all are. Each proxy must append the address of its own peer, as nginx' `$proxy_add_x_forwarded_for`, Envoy
    /// and most load balancers do; [`forwarded_header`](Self::forwarded_header) is for others. A request of a proxy without a
    /// valid header gets 403.
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// let guard = Guard::ip_behind_proxies(["192.0.2.0/24"], ["10.0.0.5", "10.0.0.6"]);
    /// ```
    pub fn ip_behind_proxies(
        ranges: impl IntoIterator<Item = impl AsRef<str>>,
        proxies: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        Self::new(Kind::Ip(Arc::new(IpGuard::new(ranges).behind(proxies))))
    }

    /// Sets the one header in which the proxies of [`ip_behind_proxies`](Self::ip_behind_proxies) write the address of their
    /// peer. Defaults to `X-Forwarded-For`. The other header is not read, because a proxy that does not write it passes on that of
    /// the client. Has no effect on other guards.
    pub fn forwarded_header(mut self, header: ForwardedHeader) -> Self {
        if let Kind::Ip(guard) = &mut self.kind {
            Arc::make_mut(guard).header = header;
        }
        self
    }

    /// Allows requests that at least one of the guards allows. Others get 401 and every challenge of the guards, or 403 if
    /// no guard has one. No guards are a [mistake](super::Routes#mistakes).
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// let guard = Guard::any([Guard::ip(["10.0.0.0/8"]), Guard::basic("prometheus", "s3cret")]);
    /// ```
    pub fn any(guards: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Kind::Any(guards.into_iter().collect()))
    }

    /// Allows requests that all of the guards allow. Others get the refusal of the first guard that does not. No guards are a
    /// [mistake](super::Routes#mistakes).
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// let guard = Guard::all([Guard::ip(["10.0.0.0/8"]), Guard::basic("prometheus", "s3cret")]);
    /// ```
    pub fn all(guards: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Kind::All(guards.into_iter().collect()))
    }

    /// Allows requests for which the function returns true. Others get 403. The request's extensions have the address of the
    /// client, if [the server passes it](Self#the-address-of-the-client). A panic counts as false and is logged; without
    /// another guard the status is then 500.
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// let guard = Guard::with(|parts| parts.headers.contains_key("x-from-our-proxy"));
    /// ```
    pub fn with(allows: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self::new(Kind::With(Arc::new(FunctionGuard::new(allows))))
    }

    /// Allows every request to an IP address, to `localhost` or to one of the added [`hosts`](Self::hosts): for a loopback or
    /// a private network that is guarded by other means. Others get 403.
    ///
    /// Without that check, any web page that a developer visits could read the routes: it points its own name at 127.0.0.1
    /// (DNS rebinding), and the browser takes the routes for a part of the page.
    pub fn open() -> Self {
        Self {
            kind: Kind::Open,
            hosts: Some(Hosts::default()),
        }
    }

    /// Allows only requests to one of these hosts, to `localhost` or to an IP address, in addition to what the guard demands.
    /// Others get 403. [`open`](Self::open) does so anyway and takes the names from here; for a guard by IP address it
    /// keeps pages out that a browser in its range visits.
    ///
    /// The host is that of the `Host` header, and in HTTP/2 of `:authority`. Case, the port and a dot at the end do not
    /// matter. Requests without a host pass, because every browser sends one. A name with anything but letters, digits and
    /// `- _ .` is a [mistake](super::Routes#mistakes).
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// // curl http://shop.internal:9100/jobs
    /// let guard = Guard::open().hosts(["shop.internal"]);
    /// ```
    pub fn hosts(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.hosts.get_or_insert_default().add(names);
        self
    }

    pub(super) fn allows(&self, parts: &Parts) -> bool {
        self.check(parts).is_ok()
    }

    pub(super) fn check(&self, parts: &Parts) -> Result<(), Refusal> {
        if let Some(hosts) = &self.hosts {
            hosts.check(parts)?;
        }
        let refusal = match &self.kind {
            Kind::Open => return Ok(()),
            Kind::Closed => Refusal::forbidden(
                "This route is guarded, and the service has set no guard. Its owner sets one with \
                 Routes::guard(Guard::bearer(secret)), Guard::with(function) or Guard::open().",
            ),
            Kind::With(function) => return function.check(parts),
            Kind::Ip(guard) => return guard.check(parts),
            Kind::Bearer(secret) if secret.is_empty() => Refusal::forbidden(EMPTY_SECRET),
            Kind::Bearer(secret) => match credentials(parts, b"Bearer ") {
                Some(token) if is_secret(token, secret) => return Ok(()),
                Some(_) => Refusal::challenge(
                    "Bearer error=\"invalid_token\"",
                    "The bearer token is wrong.",
                ),
                None => Refusal::challenge(
                    "Bearer",
                    "This route needs a bearer token: send Authorization: Bearer <token>.",
                ),
            },
            Kind::Basic(basic) => match (&basic.credentials, credentials(parts, b"Basic ")) {
                (None, _) => Refusal::forbidden(EMPTY_SECRET),
                (Some(own), Some(sent)) if is_secret(sent, own) => return Ok(()),
                (Some(_), Some(_)) => {
                    Refusal::challenge(BASIC, "The user or the password is wrong.")
                }
                (Some(_), None) => Refusal::challenge(
                    BASIC,
                    "This route needs a user and a password: send Authorization: Basic <credentials>.",
                ),
            },
            Kind::Any(guards) => {
                let mut refusals = Vec::new();
                for guard in &**guards {
                    match guard.check(parts) {
                        Ok(()) => return Ok(()),
                        Err(refusal) => refusals.push(refusal),
                    }
                }
                Refusal::any(refusals)
            }
            Kind::All(guards) => return guards.iter().try_for_each(|guard| guard.check(parts)),
        };
        Err(refusal)
    }

    /// Adds the mistakes in this guard and in those that it combines. Such a guard must not be asked.
    pub(super) fn add_mistakes(&self, mistakes: &mut Vec<String>) {
        if let Some(hosts) = &self.hosts {
            mistakes.extend_from_slice(&hosts.mistakes);
        }
        match &self.kind {
            Kind::Basic(basic) if basic.has_colon => mistakes.push(
                "the user of Guard::basic has a colon, which separates user and password: use a user without".to_owned(),
            ),
            Kind::Ip(guard) => mistakes.extend_from_slice(&guard.mistakes),
            Kind::Any(guards) | Kind::All(guards) => {
                if guards.is_empty() {
                    mistakes.push(format!("{} has no guards: it needs one at least", self.name()));
                }
                for guard in &**guards {
                    guard.add_mistakes(mistakes);
                }
            }
            _ => {}
        }
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Closed => "Guard::closed",
            Kind::Open => "Guard::open",
            Kind::Bearer(_) => "Guard::bearer",
            Kind::Basic(_) => "Guard::basic",
            Kind::Ip(_) => "Guard::ip",
            Kind::With(_) => "Guard::with",
            Kind::Any(_) => "Guard::any",
            Kind::All(_) => "Guard::all",
        }
    }
}

const EMPTY_SECRET: &str =
    "The service's guard has an empty secret, which allows no request. Its owner sets another.";

const BASIC: &str = r#"Basic realm="monitoring", charset="UTF-8""#;

impl Settings {
    /// Returns a guard with `MONITORING_TOKEN` as its bearer token. If it is not set, guarded routes refuse every request.
    pub fn guard(&self) -> Guard {
        match &self.monitoring_token {
            Some(token) => Guard::bearer(token.expose_secret()),
            None => Guard::closed(),
        }
    }
}

/// The credentials of a scheme, which has no case.
fn credentials<'a>(parts: &'a Parts, scheme: &[u8]) -> Option<&'a [u8]> {
    let value = parts.headers.get(AUTHORIZATION)?.as_bytes();
    let (own, credentials) = value.split_at_checked(scheme.len())?;
    own.eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim_ascii())
}

fn is_secret(sent: &[u8], secret: &str) -> bool {
    sent.ct_eq(secret.as_bytes()).into()
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match &self.kind {
            Kind::Closed | Kind::Open => f.write_str(name),
            Kind::Bearer(_) | Kind::Basic(_) => write!(f, "{name}([redacted])"),
            Kind::With(_) => write!(f, "{name}(..)"),
            Kind::Ip(guard) => guard.fmt(f),
            Kind::Any(guards) | Kind::All(guards) => write!(f, "{name}({guards:?})"),
        }?;
        match &self.hosts {
            Some(hosts) if !hosts.is_empty() => write!(f, ".hosts({hosts:?})"),
            _ => Ok(()),
        }
    }
}
