//! Guards: basic credentials, IP ranges with trusted proxies, and combinations.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response as AxumResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::{ServiceExt, service_fn};
use tower_vitals::routes::Guard;
use tower_vitals::{ErrorKind, ForwardedHeader, Routes};

struct Answer {
    status: u16,
    challenges: Vec<String>,
    detail: String,
}

/// Sends a request to a guarded route in front of a service without axum.
async fn send(guard: &Guard, request: http::request::Builder) -> Answer {
    let app = service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(AxumResponse::new(Body::empty()))
    });
    let routes = Routes::new().config("shop", &1).guard(guard.clone());
    let request = request.uri("/admin/config").body(Body::empty()).unwrap();
    let response: Response<_> = routes.around(app).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let challenges = parts.headers.get_all(WWW_AUTHENTICATE).iter();
    Answer {
        status: parts.status.as_u16(),
        challenges: challenges
            .map(|value| value.to_str().unwrap().to_owned())
            .collect(),
        detail: body["detail"].as_str().unwrap_or_default().to_owned(),
    }
}

fn with_basic(user: &str, password: &str) -> http::request::Builder {
    let credentials = STANDARD.encode(format!("{user}:{password}"));
    Request::get("/").header(AUTHORIZATION, format!("Basic {credentials}"))
}

fn with_bearer(token: &str) -> http::request::Builder {
    Request::get("/").header(AUTHORIZATION, format!("Bearer {token}"))
}

fn from(address: &str) -> http::request::Builder {
    let address: IpAddr = address.parse().unwrap();
    Request::get("/").extension(ConnectInfo(SocketAddr::new(address, 40_000)))
}

fn mistakes(guard: Guard) -> String {
    let error = Routes::new().guard(guard).build::<()>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    error.to_string()
}

const BASIC: &str = r#"Basic realm="monitoring", charset="UTF-8""#;

#[tokio::test]
async fn a_basic_guard_requires_its_user_and_password() {
    let guard = Guard::basic("prometheus", "s3cret: ü\n");
    let answer = send(&guard, with_basic("prometheus", "s3cret: ü")).await;
    assert_eq!((answer.status, answer.challenges.len()), (200, 0));

    let answer = send(&guard, Request::get("/")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenges, [BASIC]);
    assert_eq!(
        answer.detail,
        "This route needs a user and a password: send Authorization: Basic <credentials>."
    );
    for (user, password) in [
        ("prometheus", "s3cret: u"),
        ("prometheus", "s3cret: ü\n"),
        ("Prometheus", "s3cret: ü"),
        ("prometheu", "ss3cret: ü"),
        ("", ""),
    ] {
        let answer = send(&guard, with_basic(user, password)).await;
        assert_eq!(answer.status, 401, "{user}:{password}");
        assert_eq!(answer.challenges, [BASIC]);
        assert_eq!(answer.detail, "The user or the password is wrong.");
    }
    for header in ["Basic", "Basic ", "Basic !", "Bearer s3cret: u", "s3cret"] {
        let request = Request::get("/").header(AUTHORIZATION, header);
        assert_eq!(send(&guard, request).await.status, 401, "{header}");
    }
    // The scheme's name has no case.
    let credentials = STANDARD.encode("prometheus:s3cret: ü");
    let request = Request::get("/").header(AUTHORIZATION, format!("bASIC {credentials}"));
    assert_eq!(send(&guard, request).await.status, 200);
}

#[tokio::test]
async fn an_empty_password_allows_no_request() {
    let guard = Guard::basic("prometheus", "\n");
    let answer = send(&guard, with_basic("prometheus", "")).await;
    assert_eq!((answer.status, answer.challenges.len()), (403, 0));
    assert_eq!(
        answer.detail,
        "The service's guard has an empty secret, which allows no request. Its owner sets another."
    );
}

#[tokio::test]
async fn an_ip_guard_allows_the_peers_in_its_ranges() {
    let guard = Guard::ip([
        "10.0.0.0/8",
        "192.0.2.7",
        "172.16.128.0/17",
        "::1",
        "fd00::/8",
        " 2001:db8:80::/41 ",
        "::ffff:198.51.100.0/120",
    ]);
    for allowed in [
        "10.0.0.0",
        "10.255.255.255",
        "::ffff:10.1.2.3",
        "192.0.2.7",
        "172.16.128.0",
        "172.16.255.255",
        "::1",
        "fdff::1",
        "2001:db8:ff:ffff::",
        "198.51.100.255",
    ] {
        assert_eq!(send(&guard, from(allowed)).await.status, 200, "{allowed}");
    }
    for refused in [
        "9.255.255.255",
        "11.0.0.0",
        "192.0.2.6",
        "172.16.127.255",
        "::ffff:11.0.0.0",
        "127.0.0.1",
        "::2",
        "fc00::1",
        "2001:db8:7f::",
        "198.51.101.0",
    ] {
        let answer = send(&guard, from(refused)).await;
        assert_eq!(
            (answer.status, answer.challenges.len()),
            (403, 0),
            "{refused}"
        );
        let address: IpAddr = refused.parse().unwrap();
        let address = address.to_canonical();
        assert_eq!(
            answer.detail,
            format!("The service's guard does not allow the address {address}.")
        );
    }
    // Not even a proxy can name another address.
    let request = from("127.0.0.1").header("x-forwarded-for", "10.0.0.1");
    assert_eq!(send(&guard, request).await.status, 403);

    assert_eq!(
        send(&Guard::ip(["0.0.0.0/0"]), from("192.0.2.1"))
            .await
            .status,
        200
    );
    assert_eq!(
        send(&Guard::ip(["::/0"]), from("2001:db8::1")).await.status,
        200
    );
    // IPv4 peers are in no range of IPv6 addresses.
    assert_eq!(
        send(&Guard::ip(["::/0"]), from("::ffff:192.0.2.1"))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn an_ip_guard_without_an_address_says_how_to_pass_it() {
    let guard = Guard::ip(["0.0.0.0/0", "::/0"]);
    let answer = send(&guard, Request::get("/")).await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.detail,
        "The service's guard checks the address of the client, which the server does not pass on. Its owner serves the app \
         with into_make_service_with_connect_info::<SocketAddr>()."
    );
    // Without axum, the address itself is enough.
    let address: SocketAddr = "192.0.2.1:40000".parse().unwrap();
    assert_eq!(
        send(&guard, Request::get("/").extension(address))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn behind_trusted_proxies_the_last_address_that_is_no_proxy_counts() {
    let guard = Guard::ip_behind_proxies(["192.0.2.0/24"], ["10.0.0.0/8", "::1"]);
    let forwarded = |peer: &str, lines: &[&str]| {
        lines.iter().fold(from(peer), |request, line| {
            request.header("x-forwarded-for", *line)
        })
    };
    for (peer, lines) in [
        ("10.0.0.1", &["192.0.2.7"][..]),
        ("::ffff:10.0.0.1", &["192.0.2.7"]),
        ("::1", &["::ffff:192.0.2.7"]),
        ("10.0.0.1", &["198.51.100.1, 192.0.2.7"]),
        (
            "10.0.0.1",
            &["198.51.100.1", "192.0.2.7,10.0.0.9 , 10.0.0.8"],
        ),
        ("10.0.0.1", &["192.0.2.7", "10.0.0.9"]),
        ("10.0.0.1", &["192.0.2.7:51234"]),
        ("10.0.0.1", &["[::ffff:192.0.2.7]:51234"]),
        ("10.0.0.1", &["[::ffff:192.0.2.7]"]),
        // A client that came to the service itself.
        ("192.0.2.7", &[]),
        ("192.0.2.7", &["198.51.100.1"]),
    ] {
        let answer = send(&guard, forwarded(peer, lines)).await;
        assert_eq!(answer.status, 200, "{peer} {lines:?}: {}", answer.detail);
    }
    for (peer, lines, detail) in [
        ("198.51.100.1", &["192.0.2.7"][..], "198.51.100.1"),
        ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        // The first address is the client's own claim.
        ("10.0.0.1", &["192.0.2.7, 198.51.100.1"], "198.51.100.1"),
        (
            "10.0.0.1",
            &["192.0.2.7", "198.51.100.1, 10.0.0.9"],
            "198.51.100.1",
        ),
        ("10.0.0.1", &["10.0.0.7, 10.0.0.9"], "10.0.0.7"),
    ] {
        let answer = send(&guard, forwarded(peer, lines)).await;
        assert_eq!(answer.status, 403, "{peer} {lines:?}");
        let detail = format!("The service's guard does not allow the address {detail}.");
        assert_eq!(answer.detail, detail);
    }
    let guard = Guard::ip_behind_proxies(["0.0.0.0/0", "::/0"], ["10.0.0.0/8"]);
    for lines in [
        &[][..],
        &[""],
        &["unknown"],
        &["192.0.2.7, "],
        &["192.0.2.7, for=10.0.0.1"],
        &["192.0.2.7, ü"],
    ] {
        let answer = send(&guard, forwarded("10.0.0.1", lines)).await;
        assert_eq!(answer.status, 403, "{lines:?}");
        assert_eq!(
            answer.detail,
            "The service's guard checks the address of the client, and the proxy sent no valid X-Forwarded-For."
        );
    }
}

#[tokio::test]
async fn the_guard_reads_only_the_header_that_the_proxies_write() {
    let guard = Guard::ip_behind_proxies(["192.0.2.0/24"], ["10.0.0.0/8"]);
    let written = guard.clone().forwarded_header(ForwardedHeader::Forwarded);
    let request = |forwarded: &str, other: &str| {
        from("10.0.0.1")
            .header("forwarded", forwarded)
            .header("x-forwarded-for", other)
    };
    let answer = send(&written, request("for=192.0.2.7", "1.1.1.1")).await;
    assert_eq!(answer.status, 200, "{}", answer.detail);
    let answer = send(&written, request("for=1.1.1.1", "192.0.2.7")).await;
    assert_eq!(answer.status, 403);
    let answer = send(&guard, request("for=192.0.2.7", "1.1.1.1")).await;
    assert_eq!(answer.status, 403);
    let answer = send(
        &written,
        from("10.0.0.1").header("x-forwarded-for", "192.0.2.7"),
    )
    .await;
    assert_eq!(
        answer.detail,
        "The service's guard checks the address of the client, and the proxy sent no valid Forwarded."
    );
}

#[tokio::test]
async fn any_guard_or_all_guards_decide() {
    let inside = || Guard::ip(["10.0.0.0/8"]);
    let basic = || Guard::basic("prometheus", "s3cret");
    let any = Guard::any([inside(), basic(), Guard::bearer("t0ken")]);
    let authorize = |request: http::request::Builder, from: http::request::Builder| {
        let from = from.extensions_ref().unwrap().clone();
        let mut request = request;
        *request.extensions_mut().unwrap() = from;
        request
    };
    let outside = || from("192.0.2.1");
    for request in [
        from("10.0.0.1"),
        authorize(with_basic("prometheus", "s3cret"), outside()),
        authorize(with_bearer("t0ken"), outside()),
    ] {
        assert_eq!(send(&any, request).await.status, 200);
    }
    let answer = send(&any, outside()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenges, [BASIC, "Bearer"]);
    assert_eq!(
        answer.detail,
        "This route needs a user and a password: send Authorization: Basic <credentials>. Or: This route needs a bearer \
         token: send Authorization: Bearer <token>."
    );
    let answer = send(&any, authorize(with_bearer("wrong"), outside())).await;
    assert_eq!(answer.challenges, [BASIC, "Bearer error=\"invalid_token\""]);

    let all = Guard::all([inside(), Guard::any([basic(), Guard::bearer("t0ken")])]);
    let answer = send(&all, authorize(with_bearer("t0ken"), outside())).await;
    assert_eq!((answer.status, answer.challenges.len()), (403, 0));
    let answer = send(&all, from("10.0.0.1")).await;
    assert_eq!(answer.challenges, [BASIC, "Bearer"]);
    for request in [with_basic("prometheus", "s3cret"), with_bearer("t0ken")] {
        let request = authorize(request, from("10.0.0.1"));
        assert_eq!(send(&all, request).await.status, 200);
    }

    // No member asks for credentials, so there is no challenge.
    let closed = Guard::any([inside(), Guard::with(|_| false)]);
    let answer = send(&closed, outside()).await;
    assert_eq!((answer.status, answer.challenges.len()), (403, 0));
    assert_eq!(
        answer.detail,
        "The service's guard does not allow the address 192.0.2.1. Or: The service's guard refused this request."
    );
    assert_eq!(
        send(&Guard::any([closed, Guard::open()]), outside())
            .await
            .status,
        200
    );
}

fn to_host(host: &str) -> http::request::Builder {
    Request::get("/").header(HOST, host)
}

/// A page can point its own name at 127.0.0.1, but not make the browser send one of these.
#[tokio::test]
async fn an_open_guard_allows_only_hosts_that_no_page_can_have() {
    let open = Guard::open().hosts(["shop.internal", " Ops-1.example.com. "]);
    for host in [
        "127.0.0.1",
        "127.0.0.1:3000",
        "127.0.0.1.",
        "192.0.2.7:80",
        "[::1]",
        "[::1]:3000",
        "::1",
        "[2001:DB8::1]:9100",
        "localhost",
        "localhost:3000",
        "LocalHost.",
        "localhost.:3000",
        "shop.internal",
        "SHOP.internal:9100",
        "shop.internal.",
        "ops-1.example.com",
    ] {
        assert_eq!(send(&open, to_host(host)).await.status, 200, "{host}");
    }
    for host in [
        "",
        ".",
        ":80",
        "evil.example",
        "evil.example:3000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.evil.example:3000",
        "127.0.0.1@evil.example",
        "evil.example@localhost",
        "localhost:3000:4000",
        "localhost:http",
        "[::1",
        "[evil.example]",
        "[::1].evil.example",
        "shop",
        "internal",
        "shop.internal..",
        "127.1",
        "2130706433",
        "localhost, evil.example",
    ] {
        let answer = send(&open, to_host(host)).await;
        assert_eq!((answer.status, answer.challenges.len()), (403, 0), "{host}");
        assert_eq!(
            answer.detail,
            format!(
                "This request is sent to the host {host:?}. The service's guard allows IP addresses, localhost, and the \
                 names that its owner adds with Guard::open().hosts([..])."
            )
        );
    }
    // HTTP/1.0 has no host, nor has a service behind the routes. Every browser sends one.
    let old = Request::get("/").version(Version::HTTP_10);
    assert_eq!(send(&open, old).await.status, 200);
    assert_eq!(
        send(&open, to_host("localhost").header(HOST, "evil.example"))
            .await
            .status,
        403
    );
    let latin = Request::get("/").header(HOST, &b"\xe4.example"[..]);
    assert_eq!(send(&open, latin).await.status, 403);
}

/// HTTP/2 sends the host as `:authority`, which hyper puts into the URI.
#[tokio::test]
async fn the_authority_of_the_uri_is_a_host_too() {
    async fn status(uri: &str, host: Option<&str>) -> u16 {
        let routes = Routes::new().config("shop", &1).guard(Guard::open());
        let mut request = Request::get(uri).version(Version::HTTP_2);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = routes.into_service().oneshot(request).await.unwrap();
        response.status().as_u16()
    }
    assert_eq!(
        status("http://127.0.0.1:3000/admin/config", None).await,
        200
    );
    assert_eq!(status("http://[::1]:3000/admin/config", None).await, 200);
    assert_eq!(
        status("http://localhost/admin/config", Some("localhost")).await,
        200
    );
    assert_eq!(status("http://evil.example/admin/config", None).await, 403);
    assert_eq!(
        status("http://evil.example/admin/config", Some("localhost")).await,
        403
    );
    assert_eq!(
        status("http://localhost/admin/config", Some("evil.example")).await,
        403
    );
}

#[tokio::test]
async fn other_guards_allow_any_host_until_hosts_are_named() {
    for guard in [Guard::with(|_| true), Guard::ip(["::1"])] {
        let request = || from("::1").header(HOST, "evil.example");
        assert_eq!(send(&guard, request()).await.status, 200);
        let guard = guard.hosts(["shop.internal"]);
        assert_eq!(send(&guard, request()).await.status, 403);
        let request = from("::1").header(HOST, "shop.internal");
        assert_eq!(send(&guard, request).await.status, 200);
    }
    // Credentials are not sent to another name, so that guard needs no host.
    let either = Guard::any([Guard::open(), Guard::bearer("t0ken")]);
    let request = with_bearer("t0ken").header(HOST, "evil.example");
    assert_eq!(send(&either, request).await.status, 200);
    assert_eq!(send(&either, to_host("evil.example")).await.status, 401);
}

#[test]
fn mistaken_hosts_are_errors_of_build() {
    let allowed = "a name without scheme and port is allowed, with letters, digits and - _ .";
    assert_eq!(
        mistakes(Guard::open().hosts(["http://a", "a:80", "", "*.example.com", "fine.example"])),
        format!(
            "4 mistakes: the guard's host \"http://a\" contains ':': {allowed}; the guard's host \"a:80\" contains ':': \
             {allowed}; the guard's host \"\" is empty: {allowed}; the guard's host \"*.example.com\" contains '*': {allowed}"
        )
    );
}

#[test]
fn mistaken_guards_are_errors_of_build() {
    let range = "an address (10.0.0.1, ::1) or a range (10.0.0.0/8, fd00::/8) is allowed";
    for (text, problem) in [
        ("example.com", format!("is no IP address: {range}")),
        ("", format!("is no IP address: {range}")),
        ("10.0.0/8", format!("is no IP address: {range}")),
        ("10.0.0.1:80", format!("is no IP address: {range}")),
        ("10.0.0.0/", "has a wrong prefix length: 0 to 32 is allowed".into()),
        ("10.0.0.0/33", "has a wrong prefix length: 0 to 32 is allowed".into()),
        ("10.0.0.0/+8", "has a wrong prefix length: 0 to 32 is allowed".into()),
        ("fd00::/129", "has a wrong prefix length: 0 to 128 is allowed".into()),
        (
            "10.0.0.1/8",
            "has bits after its prefix: write 10.0.0.0/8 for the range, or 10.0.0.1 for the address".into(),
        ),
        (
            "fd00::1/8",
            "has bits after its prefix: write fd00::/8 for the range, or fd00::1 for the address".into(),
        ),
    ] {
        assert_eq!(
            mistakes(Guard::ip([text])),
            format!("the guard's range {text:?} {problem}")
        );
    }
    let none: [&str; 0] = [];
    assert_eq!(
        mistakes(Guard::ip(none)),
        "the guard's list of ranges is empty: it needs one at least"
    );
    assert_eq!(
        mistakes(Guard::any([
            Guard::all([Guard::ip_behind_proxies(["::1", "x"], none)]),
            Guard::basic("a:b", "s3cret"),
            Guard::any([]),
            Guard::all([]),
        ])),
        format!(
            "5 mistakes: the guard's range \"x\" is no IP address: {range}; the guard's list of proxies is empty: it needs \
             one at least; the user of Guard::basic has a colon, which separates user and password: use a user without; \
             Guard::any has no guards: it needs one at least; Guard::all has no guards: it needs one at least"
        )
    );
}

#[tokio::test]
async fn a_mistaken_guard_that_is_not_built_allows_nothing() {
    let none: [Guard; 0] = [];
    for guard in [Guard::all(none), Guard::ip(["0.0.0.0/0", "x"])] {
        assert_eq!(send(&guard, from("192.0.2.1")).await.status, 500);
    }
}

#[test]
fn debug_output_names_the_guards_and_no_secret() {
    let guard = Guard::any([
        Guard::all([
            Guard::ip_behind_proxies(["192.0.2.0/24", "::1"], ["10.0.0.0/8"]),
            Guard::bearer("t0ken"),
        ]),
        Guard::ip(["::1"]),
        Guard::basic("prometheus", "s3cret"),
        Guard::with(|_| true),
        Guard::open(),
        Guard::open().hosts(["a", "b.example"]),
    ]);
    assert_eq!(
        format!("{guard:?}"),
        "Guard::any([Guard::all([Guard::ip_behind_proxies([192.0.2.0/24, ::1/128], [10.0.0.0/8]), \
         Guard::bearer([redacted])]), Guard::ip([::1/128]), Guard::basic([redacted]), Guard::with(..), Guard::open, \
         Guard::open.hosts([\"a\", \"b.example\"])])"
    );
}
