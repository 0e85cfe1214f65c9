//! The HTTP check with root certificates, a proxy, a client of the service's own, redirects and an expected body.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::health::{assert_says, free_address, result, with};
use crate::support::tls::{Certificates, terminate};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::any;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;
use tower_vitals::Health;
use tower_vitals::health::checks::Http;
use tower_vitals::health::{CheckResult, Status};

type Seen = Arc<Mutex<Vec<(Method, Uri, HeaderMap)>>>;

/// `/redirect/{status}?to=..` redirects, `/text` and `/long` have a body, and all others answer 204. All are noted.
async fn server() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let redirect = |Path(status): Path<u16>, uri: Uri| async move {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if let Some(to) = uri.query().and_then(|query| query.strip_prefix("to=")) {
            let to = percent_decode_str(to).decode_utf8().unwrap();
            response.headers_mut().insert(LOCATION, to.parse().unwrap());
        }
        response
    };
    let note = |State(seen): State<Seen>, method: Method, uri: Uri, headers: HeaderMap| async move {
        seen.lock().unwrap().push((method, uri, headers));
        StatusCode::NO_CONTENT
    };
    let app = Router::new()
        .route("/redirect/{status}", any(redirect))
        .route("/text", any(|| async { "status: ok, queue: 7" }))
        .route(
            "/long",
            any(|| async { "x".repeat(64 * 1024) + "status: ok" }),
        )
        .fallback(note)
        .with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}

fn get(url: impl AsRef<str>) -> Http {
    Http::get(url.as_ref()).unwrap()
}

async fn checked(check: Http) -> CheckResult {
    result(&with(check)).await
}

#[track_caller]
fn assert_healthy(result: &CheckResult) {
    assert_eq!(result.status(), Status::Healthy, "{result:?}");
}

fn mistakes(check: Http) -> String {
    let built = Health::builder().check("api", check).build();
    built.unwrap_err().to_string()
}

#[tokio::test]
async fn a_server_is_verified_with_the_given_root_certificates() {
    let certificates = Certificates::new("http");
    let (plain, seen) = server().await;
    let address = terminate(&certificates, plain).await;
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}/status", address.port());
        assert_healthy(&checked(get(&url).root_certificates(certificates.authority())).await);
        let (_, uri, headers) = seen.lock().unwrap().pop().unwrap();
        assert_eq!(
            (&*uri.to_string(), headers.len()),
            ("/status", 2),
            "{headers:?}"
        );
        assert_eq!(headers["host"], format!("{host}:{}", address.port()));

        let unknown = checked(get(&url)).await;
        let text = format!("cannot connect to {host}:{}", address.port());
        assert_says(&unknown, Status::Unhealthy, &text);
        assert_says(&unknown, Status::Unhealthy, "UnknownIssuer");
        let other = Certificates::new("http-other");
        let refused = checked(get(&url).root_certificates(other.authority())).await;
        assert_says(&refused, Status::Unhealthy, "invalid peer certificate");
    }
    let wrong_name = get(format!("https://127.0.0.2:{}/", address.port()));
    let wrong_name = checked(wrong_name.root_certificates(certificates.authority())).await;
    assert_eq!(wrong_name.status(), Status::Unhealthy);
    assert!(seen.lock().unwrap().is_empty());
}

/// Notes the head of each request, and forwards requests and tunnels.
async fn proxy(seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap().to_lowercase();
                seen.lock().unwrap().push(head.clone());
                let target = head.split(' ').nth(1).unwrap();
                if !head.contains("proxy-authorization: basic dxnlcjpwl3c=") {
                    let refusal =
                        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                    return client.write_all(refusal).await.unwrap();
                }
                let host = target
                    .trim_start_matches("http://")
                    .split('/')
                    .next()
                    .unwrap();
                let mut server = TcpStream::connect(host).await.unwrap();
                if head.starts_with("connect ") {
                    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                } else {
                    server
                        .write_all(
                            head.replace(&format!("http://{host}"), "")
                                .replacen("get", "GET", 1)
                                .replacen("http/1.1", "HTTP/1.1", 1)
                                .as_bytes(),
                        )
                        .await
                        .unwrap();
                }
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_proxy_forwards_requests_and_tunnels_tls() {
    let certificates = Certificates::new("http-proxy");
    let (plain, seen) = server().await;
    let tls = terminate(&certificates, plain).await;
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let proxy = proxy(Arc::clone(&heads)).await;
    let url = |credentials: &str| format!("http://{credentials}{proxy}");

    let check = get(format!("http://{plain}/a?b=c")).proxy(url("user:p%2Fw@"));
    assert_healthy(&checked(check).await);
    let head = heads.lock().unwrap().pop().unwrap();
    let begin = format!("get http://{plain}/a?b=c http/1.1\r\n");
    assert!(head.starts_with(&begin), "{head}");
    assert!(head.contains(&format!("host: {plain}\r\n")), "{head}");
    let (_, uri, _) = seen.lock().unwrap().pop().unwrap();
    assert_eq!(uri.to_string(), "/a?b=c");

    let check = get(format!("https://{tls}/a?b=c"))
        .header("authorization", "Bearer s3cret")
        .root_certificates(certificates.authority())
        .proxy(url("user:p%2Fw@"));
    assert_healthy(&checked(check).await);
    let head = heads.lock().unwrap().pop().unwrap();
    assert!(
        head.starts_with(&format!("connect {tls} http/1.1\r\n")),
        "{head}"
    );
    assert!(!head.contains("s3cret"), "{head}");
    let (_, uri, headers) = seen.lock().unwrap().pop().unwrap();
    assert_eq!(uri.to_string(), "/a?b=c");
    assert!(!headers.contains_key("proxy-authorization"), "{headers:?}");

    let refused = checked(get(format!("https://{tls}/")).proxy(url("user:wr0ng@"))).await;
    let text =
        format!("cannot connect to {tls} by the proxy {proxy}: the proxy answered with status 407");
    assert_says(&refused, Status::Unhealthy, &text);
    let refused = checked(get(format!("http://{plain}/")).proxy(url("user:wr0ng@"))).await;
    assert_says(&refused, Status::Unhealthy, "unexpected status 407");
    let free = free_address();
    let down = checked(get(format!("http://{plain}/")).proxy(format!("http://{free}"))).await;
    let text = format!("cannot connect to {plain} by the proxy {free}");
    assert_says(&down, Status::Unhealthy, &text);
    for result in [refused, down] {
        assert!(!format!("{result:?}").contains("wr0ng"), "{result:?}");
    }
}

/// Debian's tinyproxy, which asks for a password.
struct Tinyproxy(Child);

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "needs tinyproxy: tests/run"]
async fn a_real_proxy_forwards_requests_and_tunnels_tls() {
    let certificates = Certificates::new("http-tinyproxy");
    let (plain, seen) = server().await;
    let tls = terminate(&certificates, plain).await;
    let address = free_address();
    let config = format!(
        "Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth user s3cret\n",
        address.port()
    );
    let file = certificates.path("tinyproxy.conf");
    std::fs::write(&file, config).unwrap();
    let mut tinyproxy = Command::new("tinyproxy");
    tinyproxy.args(["-d", "-c", &file]).stdout(Stdio::null());
    let _tinyproxy = Tinyproxy(tinyproxy.spawn().unwrap());
    crate::support::until("tinyproxy accepts connections", async || {
        TcpStream::connect(address).await.is_ok()
    })
    .await;

    for (url, status) in [("user:s3cret@", Status::Healthy), ("", Status::Unhealthy)] {
        let proxy = format!("http://{url}{address}");
        let forwarded = checked(get(format!("http://{plain}/a")).proxy(&proxy)).await;
        assert_eq!(forwarded.status(), status, "{forwarded:?}");
        let tunnelled = get(format!("https://{tls}/b")).proxy(&proxy);
        let tunnelled = tunnelled.root_certificates(certificates.authority());
        let tunnelled = checked(tunnelled).await;
        assert_eq!(tunnelled.status(), status, "{tunnelled:?}");
    }
    let seen: Vec<_> = seen.lock().unwrap().drain(..).collect();
    let paths: Vec<_> = seen.iter().map(|(_, uri, _)| uri.to_string()).collect();
    assert_eq!(paths, ["/a", "/b"]);
    // Only the forwarded request shows the proxy's own header.
    assert!(
        seen[0].2.contains_key("via") && !seen[1].2.contains_key("via"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn redirects_are_followed_by_choice_and_up_to_a_bound() {
    let (address, seen) = server().await;
    let to =
        |status: u16, location: &str| format!("http://{address}/redirect/{status}?to={location}");
    // Each redirect, as the target of the one before.
    let nested = |depth: usize| {
        (0..depth).fold("/end".to_owned(), |inner, _| {
            let inner = utf8_percent_encode(&inner, NON_ALPHANUMERIC);
            format!("/redirect/302?to={inner}")
        })
    };
    let not_followed = checked(get(to(302, "/end"))).await;
    assert_says(&not_followed, Status::Unhealthy, "unexpected status 302");
    for status in [301, 302, 303, 307, 308] {
        let followed = checked(get(to(status, "/end")).follow_redirects(1)).await;
        assert_healthy(&followed);
        assert_eq!(followed.data()["status_code"], 204);
        assert_eq!(followed.data()["redirects"], 1);
    }
    let three = format!("http://{address}{}", nested(3));
    let followed = checked(get(&three).follow_redirects(3)).await;
    assert_eq!(
        (followed.status(), &followed.data()["redirects"]),
        (Status::Healthy, &3.into())
    );
    let too_many = checked(get(&three).follow_redirects(2)).await;
    assert_says(&too_many, Status::Unhealthy, "more than 2 redirects");
    assert_eq!(too_many.data()["status_code"], 302);

    // References are resolved (RFC 3986, section 5.4).
    seen.lock().unwrap().clear();
    for (location, expected) in [
        (format!("http://{address}/a/b"), "/a/b"),
        (format!("//{address}/c"), "/c"),
        ("/d/../e/./f".to_owned(), "/e/f"),
        ("g/h".to_owned(), "/redirect/g/h"),
        ("../h?i=j%23k".to_owned(), "/h?i=j"),
    ] {
        assert_healthy(&checked(get(to(302, &location)).follow_redirects(1)).await);
        let (_, uri, _) = seen.lock().unwrap().pop().unwrap();
        assert_eq!(uri.to_string(), expected, "{location}");
    }
    // Expected statuses are not followed.
    let expected = get(to(302, "/end"))
        .follow_redirects(1)
        .expect_statuses([302]);
    assert_eq!(checked(expected).await.data()["redirects"], 0);
    for (location, problem) in [
        ("ftp://host/s3cret", "its scheme is not http or https"),
        ("http://", "invalid"),
        ("mailto:s3cret@host", "its scheme is not http or https"),
    ] {
        let wrong = checked(get(to(302, location)).follow_redirects(1)).await;
        assert_says(&wrong, Status::Unhealthy, "the redirect is invalid");
        assert_says(&wrong, Status::Unhealthy, problem);
        assert!(!format!("{wrong:?}").contains("s3cret"), "{wrong:?}");
    }
    let nowhere = get(format!("http://{address}/redirect/302")).follow_redirects(1);
    assert_says(
        &checked(nowhere).await,
        Status::Unhealthy,
        "unexpected status 302",
    );
}

#[tokio::test]
async fn the_method_follows_as_browsers_do() {
    let (address, seen) = server().await;
    for (method, status, expected) in [
        (Method::POST, 301, Method::GET),
        (Method::POST, 302, Method::GET),
        (Method::PUT, 302, Method::PUT),
        (Method::PUT, 303, Method::GET),
        (Method::HEAD, 303, Method::HEAD),
        (Method::POST, 307, Method::POST),
        (Method::POST, 308, Method::POST),
    ] {
        let url = format!("http://{address}/redirect/{status}?to=/end");
        let check = Http::new(method.clone(), &url).unwrap().follow_redirects(1);
        assert_healthy(&checked(check).await);
        let (seen, ..) = seen.lock().unwrap().pop().unwrap();
        assert_eq!(seen, expected, "{method} {status}");
    }
}

#[tokio::test]
async fn headers_never_follow_to_another_origin() {
    let certificates = Certificates::new("http-origin");
    let (first, first_seen) = server().await;
    let (second, second_seen) = server().await;
    let tls = terminate(&certificates, first).await;
    let check = |url: String| {
        get(url)
            .header("authorization", "Bearer s3cret")
            .header("cookie", "id=s3cret")
            .header("x-api-key", "s3cret")
            .header("accept", "text/plain")
            .follow_redirects(5)
    };
    let has_secrets = |headers: &HeaderMap| {
        let secrets = ["authorization", "cookie", "x-api-key"];
        let number = secrets
            .iter()
            .filter(|name| headers.contains_key(**name))
            .count();
        assert!(number == 0 || number == 3, "{headers:?}");
        assert_eq!(headers["accept"], "text/plain");
        assert_eq!(headers["user-agent"], "tower-vitals");
        number == 3
    };
    // The same host and port.
    assert_healthy(&checked(check(format!("http://{first}/redirect/302?to=/end"))).await);
    let (_, _, headers) = first_seen.lock().unwrap().pop().unwrap();
    assert!(has_secrets(&headers));
    // Another port, with credentials in the location.
    let location = format!("http://me:pw@{second}/end");
    assert_healthy(&checked(check(format!("http://{first}/redirect/302?to={location}"))).await);
    let (_, _, headers) = second_seen.lock().unwrap().pop().unwrap();
    assert!(!has_secrets(&headers));
    assert_eq!(headers["host"], second.to_string());
    // Another host name of the same server.
    let other_name = format!("http://localhost:{}/end", first.port());
    assert_healthy(
        &checked(check(format!(
            "http://{first}/redirect/302?to={other_name}"
        )))
        .await,
    );
    let (_, _, headers) = first_seen.lock().unwrap().pop().unwrap();
    assert!(!has_secrets(&headers));
    // Away and back: the other server decided where.
    let back = format!("http://{second}/redirect/302?to=http://{first}/end");
    assert_healthy(&checked(check(format!("http://{first}/redirect/302?to={back}"))).await);
    let (_, _, headers) = first_seen.lock().unwrap().pop().unwrap();
    assert!(!has_secrets(&headers));
    // From https to http.
    let down = check(format!("https://{tls}/redirect/302?to=http://{first}/end"));
    assert_healthy(&checked(down.root_certificates(certificates.authority())).await);
    let (_, _, headers) = first_seen.lock().unwrap().pop().unwrap();
    assert!(!has_secrets(&headers));
}

#[tokio::test]
async fn the_body_contains_the_expected_text() {
    let (address, _) = server().await;
    let at = |path: &str| get(format!("http://{address}{path}"));
    assert_healthy(&checked(at("/text").expect_body("status: ok")).await);
    assert_healthy(&checked(at("/text").expect_body("queue").expect_body("ok")).await);
    let lacks = "the body does not contain \"status: down\"";
    let wrong = checked(at("/text").expect_body("status: down")).await;
    assert_says(&wrong, Status::Unhealthy, lacks);
    assert_eq!(wrong.data()["status_code"], 200);
    let wrong = checked(at("/text").expect_body("ok").expect_body("status: down")).await;
    assert_says(&wrong, Status::Unhealthy, lacks);
    // Only the beginning is read.
    let late = checked(at("/long").expect_body("status: ok")).await;
    assert_says(
        &late,
        Status::Unhealthy,
        "the first 65536 bytes of the body do not contain \"status: ok\"",
    );
    assert_healthy(&checked(at("/long").expect_body("xxx")).await);
    // The status comes first.
    let status = checked(at("/text").expect_body("down").expect_statuses([201])).await;
    assert_says(&status, Status::Unhealthy, "unexpected status 200");
    let text = "the expected body is empty: a text is required";
    assert!(mistakes(at("/").expect_body("")).ends_with(text));
}

#[tokio::test]
async fn a_client_of_ones_own_sends_the_requests() {
    let (address, seen) = server().await;
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let check = get(format!("http://{address}/redirect/302?to=/end"))
        .header("x-api-key", "s3cret")
        .client(hyper)
        .follow_redirects(1);
    assert_healthy(&checked(check).await);
    let (_, uri, headers) = seen.lock().unwrap().pop().unwrap();
    assert_eq!(
        (&*uri.to_string(), &headers["x-api-key"]),
        ("/end", &"s3cret".parse().unwrap())
    );

    // A tower service of any body.
    let requests = Arc::<Mutex<Vec<Uri>>>::default();
    let noted = Arc::clone(&requests);
    let service = service_fn(move |request: Request<axum::body::Body>| {
        noted.lock().unwrap().push(request.uri().clone());
        std::future::ready(Ok::<_, Infallible>(Response::new("status: ok".to_owned())))
    });
    assert_healthy(
        &checked(
            get("https://no.such.host.invalid/x")
                .client(service)
                .expect_body("ok"),
        )
        .await,
    );
    assert_eq!(
        *requests.lock().unwrap(),
        ["https://no.such.host.invalid/x"]
    );

    let fails = service_fn(|_: Request<Full<bytes::Bytes>>| {
        std::future::ready(Err::<Response<Full<bytes::Bytes>>, _>("the socket is gone"))
    });
    let failed = checked(get("http://host/s3cret").client(fails)).await;
    assert_says(
        &failed,
        Status::Unhealthy,
        "no response from host: the socket is gone",
    );
}

#[test]
fn options_without_effect_are_an_error_at_registration() {
    let service = || {
        service_fn(|_: Request<Full<bytes::Bytes>>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(
                Full::<bytes::Bytes>::default(),
            )))
        })
    };
    let authority = Certificates::new("http-mistakes").authority();
    for (check, mistake) in [
        (
            get("http://host/").root_certificates(&authority),
            "root certificates have no effect without TLS: https:// is allowed",
        ),
        (
            get("https://host/").root_certificates("s3cret"),
            "the root certificates are invalid (there is no certificate): certificates in PEM are allowed",
        ),
        (
            get("https://host/")
                .client(service())
                .root_certificates(&authority),
            "root certificates have no effect on a client of your own: set them there",
        ),
        (
            get("https://host/")
                .client(service())
                .proxy("http://proxy:3128"),
            "a proxy has no effect on a client of your own: set it there",
        ),
        (
            get("http://host/").proxy("https://u:s3cret@proxy"),
            "the URL \"https://[redacted]@proxy\" of a proxy is invalid (its scheme is not http): \
             http://[user:password@]host[:port] is allowed",
        ),
        (
            get("http://host/").proxy("http://u:s3cret@proxy/path"),
            "the URL \"http://[redacted]@proxy\" of a proxy is invalid (it has a path): \
             http://[user:password@]host[:port] is allowed",
        ),
        (
            get("http://host/").follow_redirects(0),
            "0 redirects: 1 to 20 are allowed",
        ),
        (
            get("http://host/").follow_redirects(21),
            "21 redirects: 1 to 20 are allowed",
        ),
    ] {
        let error = mistakes(check);
        assert_eq!(error, format!("check \"api\" is misconfigured: {mistake}"));
    }
    // A redirect can lead to https.
    let redirected = get("http://host/").follow_redirects(1);
    let redirected = redirected.root_certificates(&authority);
    assert!(Health::builder().check("api", redirected).build().is_ok());
    let debug = format!("{:?}", get("http://host/").proxy("http://u:s3cret@proxy"));
    assert!(!debug.contains("s3cret"), "{debug}");
}
