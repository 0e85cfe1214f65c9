//! The process that plants each form of a secret wherever it can stand.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::redact::{register, register_name};
use tower_vitals::routes::Guard;
use tower_vitals::telemetry::logging::{Logging, LoggingHandle};
use tower_vitals::telemetry::otel::Tracing;
use tower_vitals::{
    ClientMetricsLayer, HttpLayer, HttpMetricsLayer, Prometheus, RequestIdLayer, RequestLogLayer,
    Routes, ServerSpanLayer,
};
use tracing::field::Empty as NotYet;
use tracing::{error, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::forms::{Form, OWN_NAME, OWN_VALUE, forms};
use super::{ANSWERS, COLLECTOR, DIR, kept};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(super) fn plant_all() {
    assert!(register(OWN_VALUE) && register_name(OWN_NAME));
    // The hook of the standard library prints the message as it is.
    std::panic::set_hook(Box::new(|_| {}));
    let folder = PathBuf::from(std::env::var_os(DIR).unwrap());
    let traces = Tracing::builder()
        .endpoint(&std::env::var(COLLECTOR).unwrap())
        .max_queue(100_000)
        .run()
        .unwrap();
    let logging = Logging::builder()
        .filter("debug")
        .folder(&folder)
        .json_file(true)
        .files(|file| file.max_bytes(1 << 30))
        .init_with(traces.layer())
        .unwrap();
    let app = app(&logging);
    let mut answers = File::create(folder.join(ANSWERS)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for (number, form) in forms().iter().enumerate() {
        in_events(number, &form.text);
        in_named_fields(number);
        in_spans(number, &form.text);
        runtime.block_on(in_requests(number, form, &app));
        runtime.block_on(in_answers(&form.text, &app, &mut answers));
    }
    runtime.block_on(in_filters(&app, &mut answers));
    let counts = runtime.block_on(traces.shutdown(Duration::from_secs(60)));
    assert_eq!(counts.lost(), 0);
    logging.shutdown(Duration::from_secs(60)).unwrap();
}

fn app(logging: &LoggingHandle) -> Router {
    let routes = Routes::new()
        .metrics(Prometheus::install().unwrap())
        .log_level(logging.level())
        .guard(Guard::open());
    Router::new()
        .route("/kept/{rest}", axum::routing::any(fail))
        .merge(routes)
        .layer(
            HttpLayer::new()
                .request_id(RequestIdLayer::new())
                .metrics(HttpMetricsLayer::new())
                .log(RequestLogLayer::new())
                .span(ServerSpanLayer::new()),
        )
}

/// Logs what services log of a request that fails.
async fn fail(headers: HeaderMap) -> StatusCode {
    warn!(?headers, "the handler failed");
    StatusCode::INTERNAL_SERVER_ERROR
}

/// In a span, so that the event is part of a trace.
fn planted(log: impl FnOnce()) {
    info_span!("planted").in_scope(log);
}

fn in_events(number: usize, text: &str) {
    let kept = |place| kept(number, place);
    planted(|| warn!("{} {text}", kept("message")));
    planted(|| warn!(kept = kept("text"), text, "x"));
    planted(|| warn!(kept = kept("display"), %text, "x"));
    planted(|| warn!(kept = kept("debug"), text = ?Some(text), "x"));
    planted(|| warn!(kept = kept("bytes"), text = text.as_bytes(), "x"));
    let failed = |message: &str, source| Failed(message.to_owned(), source);
    planted(|| {
        let source = failed(text, Some(Box::new(failed(text, None))));
        let outer = failed(&kept("source"), Some(Box::new(source)));
        error!(error = &outer as &dyn Error, "x");
    });
    planted(|| {
        let outer = failed(&format!("{} {text}", kept("error")), None);
        error!(error = &outer as &dyn Error, "x");
    });
    planted(|| {
        let panics = AssertUnwindSafe(|| panic!("{} {text}", kept("panic")));
        catch_unwind(panics).unwrap_err();
    });
}

/// Names of fields that mask any value.
fn in_named_fields(number: usize) {
    let (kept, secret) = (kept(number, "names"), "pl4nted");
    let span = info_span!(
        "planted",
        kept,
        api_key = secret,
        header = "cookie",
        value = NotYet
    );
    span.record("value", secret);
    span.set_attribute("client_secret", secret);
    span.add_event("x", vec![KeyValue::new("session_id", secret)]);
    let _entered = span.entered();
    let source = Failed(secret.to_owned(), None);
    let failed = Failed(secret.to_owned(), Some(Box::new(source)));
    warn!(header = "cookie", value = &failed as &dyn Error, kept, "x");
    warn!(
        password = secret,
        token = ?secret,
        authorization = %secret,
        private_key = secret.as_bytes(),
        cookie = &failed as &dyn Error,
        loyalty_number = secret,
        kept,
        "x"
    );
}

fn in_spans(number: usize, text: &str) {
    let span = info_span!("planted", kept = kept(number, "span"), text, later = NotYet);
    span.record("later", tracing::field::debug(Some(text)));
    span.in_scope(|| warn!("x"));

    let span = info_span!(
        "planted",
        otel.name = format!("{} {text}", kept(number, "name"))
    );
    span.set_attribute("kept", kept(number, "attribute"));
    span.set_attribute("text", text.to_owned());
    let state = TraceState::from_key_value([
        ("kept", kept(number, "link")),
        ("vendor", state_value(text).to_owned()),
    ]);
    let (trace, id) = (TraceId::from(7), SpanId::from(7));
    let linked = SpanContext::new(trace, id, TraceFlags::SAMPLED, true, state.unwrap());
    span.add_link_with_attributes(linked, vec![KeyValue::new("text", text.to_owned())]);
    span.add_event(
        format!("{} {text}", kept(number, "event")),
        vec![KeyValue::new("text", text.to_owned())],
    );
    span.set_status(Status::error(format!("{} {text}", kept(number, "status"))));
}

/// The text, if `tracestate` can have it as a value.
fn state_value(text: &str) -> &str {
    if text.contains([',', '=', '\n']) {
        "none"
    } else {
        text
    }
}

async fn in_requests(number: usize, form: &Form, app: &Router) {
    let text = &*form.text;
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC);
    let uri = format!(
        "/kept/{}{encoded}?kept={}&q={encoded}",
        kept(number, "path"),
        kept(number, "query")
    );
    let mut request = Request::get(&uri).body(Body::empty()).unwrap();
    let headers = request.headers_mut();
    let mut insert = |name: &'static str, value: &str| {
        // A header has no line feed.
        let value = HeaderValue::from_str(&value.replace('\n', " ")).unwrap();
        headers.insert(name, value);
    };
    // The first one, because the mask of a secret without an end extends to the end of all.
    insert("x-note", &format!("{} {text}", kept(number, "header")));
    insert("traceparent", TRACE);
    let state = format!(
        "kept={},vendor={}",
        kept(number, "state"),
        state_value(text)
    );
    insert("tracestate", &state);
    insert("baggage", &format!("note={encoded},token=pl4nted"));
    insert("user-agent", &format!("{} {text}", kept(number, "agent")));
    insert("host", "ann:pl4nted@shop.example");
    insert("x-forwarded-for", text);
    insert("referer", text);
    for name in [
        "authorization",
        "cookie",
        "x-api-key",
        "proxy-authorization",
    ] {
        insert(name, text);
    }
    // An id that a client may choose, and a method.
    insert("x-request-id", text);
    if let Ok(method) = Method::from_bytes(text.as_bytes()) {
        *request.method_mut() = method;
    }
    let status = app.clone().oneshot(request).await.unwrap().status();
    assert_eq!(status, 500);

    let client = service_fn(async |_: Request<()>| {
        Ok::<_, std::io::Error>(axum::http::Response::new(Empty::<bytes::Bytes>::new()))
    });
    let client = ClientMetricsLayer::new("stock").traces().layer(client);
    let url = format!(
        "http://ann:pl4nted@stock/{}{encoded}?q={encoded}",
        kept(number, "client")
    );
    let request = Request::get(&url).body(()).unwrap();
    let answer = client.oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap();
}

async fn answer(
    app: &Router,
    method: &str,
    path: &str,
    body: String,
    into: &mut File,
) -> StatusCode {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    writeln!(into, "{head:?} {}", String::from_utf8_lossy(&body)).unwrap();
    head.status
}

const LEVEL: &str = "/admin/log-level";

/// Bodies, most of them wrong, whose problems name the wrong part, and a route that does not exist.
async fn in_answers(text: &str, app: &Router, into: &mut File) {
    for body in [
        json!({"filter": text}).to_string(),
        json!({"target": text, "level": "info"}).to_string(),
        json!({"target": "shop", "level": text}).to_string(),
        json!({(text): 1}).to_string(),
        json!({"filter": {(text): text}}).to_string(),
        text.to_owned(),
    ] {
        // Some tokens are names that a target can have.
        let status = answer(app, "PUT", LEVEL, body, into).await.as_u16();
        assert!(matches!(status, 200 | 400), "{status}");
    }
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC);
    let path = format!("{LEVEL}/{encoded}?q={encoded}");
    answer(app, "GET", &path, String::new(), into).await;
    let body = json!({"filter": "debug"}).to_string();
    assert_eq!(answer(app, "PUT", LEVEL, body, into).await, 200);
}

/// Filters that are right.
async fn in_filters(app: &Router, into: &mut File) {
    for filter in [
        "debug,[planted{password=pl4nted}]=trace",
        "debug,[planted{token=\"pl4nted-1\"}]=trace",
        "debug,gh_p=debug,[planted{note=sk_live_pl4nted0123456789}]=trace",
    ] {
        let body = json!({"filter": filter, "for_seconds": 600}).to_string();
        assert_eq!(answer(app, "PUT", LEVEL, body, into).await, 200);
        assert_eq!(answer(app, "GET", LEVEL, String::new(), into).await, 200);
    }
    let body = json!({"filter": "debug"}).to_string();
    assert_eq!(answer(app, "PUT", LEVEL, body, into).await, 200);
    assert_eq!(
        answer(app, "GET", "/metrics", String::new(), into).await,
        200
    );
}

#[derive(Debug)]
struct Failed(String, Option<Box<Self>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}
