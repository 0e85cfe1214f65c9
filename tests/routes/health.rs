//! The health routes: shapes by JSON Schema, status codes, access to details, and secrets.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::{FromRef, State};
use axum::routing::get as route_get;
use axum::{Router, body::Body};
use boon::{Compiler, Schemas};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{ServiceExt, service_fn};
use tower_vitals::health::{Check, Outcome, Probe, Report, Status};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, Ready, Routes};

const SECRET: &str = "l3t-m3-in";

struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn content_type(&self) -> &str {
        self.headers[CONTENT_TYPE].to_str().unwrap()
    }

    #[track_caller]
    fn assert_valid(&self, schema: &str) {
        let file = format!(
            "{}/src/routes/openapi/schemas/{schema}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let shape = compiler.compile(&file, &mut schemas).unwrap();
        if let Err(error) = schemas.validate(&self.json(), shape) {
            panic!("{schema}: {error:#}\n{}", self.text());
        }
    }
}

async fn send(routes: &Routes, path: &str, headers: &[(http::HeaderName, &str)]) -> Received {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = Router::from(routes.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Received {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

async fn get(routes: &Routes, path: &str) -> Received {
    send(routes, path, &[]).await
}

async fn as_owner(routes: &Routes, path: &str) -> Received {
    send(
        routes,
        path,
        &[(AUTHORIZATION, &format!("Bearer {SECRET}"))],
    )
    .await
}

/// Two checks on all probes except liveness. The second has this status.
fn routes(status: Status) -> Routes {
    let health = Health::builder()
        .check("users db", || async {
            Outcome::healthy().data("latency_ms", 1.5)
        })
        .check("cache:main", move || async move {
            Outcome::from(status)
                .message("redis://:hunter2@cache is what it is")
                .data("hits", 7)
        })
        .probe(Probe::Readiness, ["users db", "cache:main"])
        .probe(Probe::Startup, ["users db", "cache:main"])
        .build()
        .unwrap();
    Routes::new().health(health).guard(Guard::bearer(SECRET))
}

#[tokio::test]
async fn every_shape_holds_for_every_status() {
    for (status, code, word, short) in [
        (Status::Healthy, 200, "pass", "ok"),
        (Status::Degraded, 200, "warn", "warning"),
        (Status::Unhealthy, 503, "fail", "error"),
    ] {
        let routes = routes(status);
        for (path, schema) in [
            ("/health", "health"),
            ("/healthz", "healthz"),
            ("/readyz", "health"),
            ("/startupz", "health"),
            ("/health/ready", "health"),
            ("/health/startup", "health"),
            ("/health/detailed", "detailed"),
        ] {
            for response in [get(&routes, path).await, as_owner(&routes, path).await] {
                if response.status == StatusCode::UNAUTHORIZED {
                    assert_eq!(path, "/health/detailed");
                    response.assert_valid("problem");
                    continue;
                }
                assert_eq!(response.status, code, "{path} {status}");
                assert_eq!(response.content_type(), "application/json");
                assert_eq!(response.headers[CACHE_CONTROL], "no-store");
                response.assert_valid(schema);
            }
        }
        let found = as_owner(&routes, "/health").await.json();
        assert_eq!(found["status"], status.as_str());
        assert_eq!(found["checks"]["cache:main"]["status"], status.as_str());
        let found = as_owner(&routes, "/healthz").await.json();
        assert_eq!(found["healthy"], status == Status::Healthy);
        assert_eq!(found["checks"]["cache:main"]["status"], short);
        assert_eq!(found["checks"]["users db"]["status"], "ok");
        let found = as_owner(&routes, "/health/detailed").await.json();
        assert_eq!(found["overall_status"], status.as_str());
        assert_eq!(found["is_healthy"], status == Status::Healthy);
        assert_eq!(found["total_checks"], 2);
        let failed: &[&str] = if code == 503 { &["cache:main"] } else { &[] };
        assert_eq!(found["failed_checks"], json!(failed));
        assert_eq!(found["passed_checks"], 2 - failed.len());
        assert_eq!(found["results"][0]["metrics"], json!({"latency_ms": 1.5}));
        assert_eq!(
            found["results"][1]["message"],
            "redis://[redacted]@cache is what it is"
        );

        let one = as_owner(&routes, "/health/checker/cache:main").await;
        assert_eq!(one.status, code);
        one.assert_valid("checker");
        assert_eq!(one.json()["metrics"]["hits"], 7);
        let encoded = as_owner(&routes, "/health/checker/users%20db").await;
        assert_eq!(encoded.status, 200);
        assert_eq!(encoded.json()["name"], "users db");

        for path in ["/health", "/healthz"] {
            for bearer in ["Bearer wrong".to_owned(), format!("Bearer {SECRET}")] {
                let headers = [
                    (ACCEPT, "application/health+json"),
                    (AUTHORIZATION, &*bearer),
                ];
                let response = send(&routes, path, &headers).await;
                assert_eq!(response.status, code);
                assert_eq!(response.content_type(), "application/health+json");
                assert_eq!(response.headers["vary"], "accept");
                response.assert_valid("health_json");
                assert_eq!(response.json()["status"], word);
                if bearer.ends_with(SECRET) {
                    let component = &response.json()["checks"]["cache%3Amain:responseTime"][0];
                    assert_eq!(component["componentId"], "cache:main");
                    assert_eq!(component["status"], word);
                }
            }
        }
        // Liveness does not depend on checks.
        for path in ["/livez", "/health/live"] {
            let response = get(&routes, path).await;
            assert_eq!(
                (response.status, response.text()),
                (StatusCode::OK, r#"{"status":"healthy"}"#)
            );
        }
    }
}

#[tokio::test]
async fn registered_checks_are_listed_without_running_them() {
    let health = Health::builder()
        .check(
            "db",
            (|| async { true })
                .shared()
                .tag("sql")
                .every(std::time::Duration::from_secs(30)),
        )
        .check("idle", async || -> bool { panic!("it ran") })
        .build()
        .unwrap();
    health.run_check("db").await.unwrap();
    let routes = Routes::new().health(health).details(Details::Always);
    let response = get(&routes, "/health/status").await;
    assert_eq!(response.status, 200);
    response.assert_valid("status");
    let found = response.json();
    let db = &found["checkers"][0];
    assert_eq!(db["probes"], json!(["readiness"]));
    assert_eq!(
        (&db["shared"], &db["optional"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&db["timeout_ms"], &db["cache_ms"], &db["every_ms"]),
        (&json!(2000.0), &json!(1000.0), &json!(30_000.0))
    );
    assert_eq!(
        (&db["status"], &db["tags"]),
        (&json!("healthy"), &json!(["sql"]))
    );
    assert!(db["age_ms"].as_f64().unwrap() < 10_000.0);
    assert_eq!(found["checkers"][1]["status"], Value::Null);
    assert_eq!(found["checkers"][1]["age_ms"], Value::Null);
}

#[tokio::test]
async fn details_are_shown_only_to_authorized_callers() {
    let hidden = ["hunter2", "what it is", "latency_ms", "hits", "duration_ms"];
    let names = ["users db", "cache:main"];
    let open = ["/health", "/healthz", "/livez", "/readyz", "/startupz"];
    let details = [
        "/health/detailed",
        "/health/checker/cache:main",
        "/health/status",
    ];
    let contains_any = |response: &Received, words: &[&str]| {
        words.iter().any(|word| response.text().contains(word))
    };

    // The default: anonymous callers see statuses, and the names of checks only on /healthz.
    let authorized = routes(Status::Unhealthy);
    for path in open {
        let response = get(&authorized, path).await;
        assert!(
            !contains_any(&response, &hidden),
            "{path}: {}",
            response.text()
        );
        assert_eq!(
            contains_any(&response, &names),
            path == "/healthz",
            "{path}: {}",
            response.text()
        );
    }
    for path in details {
        let response = get(&authorized, path).await;
        assert_eq!(response.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!contains_any(&response, &hidden) && !contains_any(&response, &names));
        assert_ne!(
            as_owner(&authorized, path).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert!(contains_any(
        &as_owner(&authorized, "/readyz").await,
        &["what it is"]
    ));

    // A guard that allows nobody.
    let unguarded = routes(Status::Unhealthy).guard(Guard::with(|_| false));
    for path in details {
        assert_eq!(get(&unguarded, path).await.status, StatusCode::FORBIDDEN);
    }

    let always = routes(Status::Unhealthy).details(Details::Always);
    assert!(contains_any(
        &get(&always, "/health").await,
        &["what it is"]
    ));
    assert_eq!(
        get(&always, "/health/detailed").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );

    let protected = routes(Status::Unhealthy)
        .details(Details::Never)
        .protect("/health/detailed");
    let response = as_owner(&protected, "/health/detailed").await;
    assert_eq!(response.status, StatusCode::FORBIDDEN);

    let never = routes(Status::Unhealthy).details(Details::Never);
    for path in open {
        let response = as_owner(&never, path).await;
        assert!(
            !contains_any(&response, &hidden) && !contains_any(&response, &names),
            "{path}: {}",
            response.text()
        );
    }
    as_owner(&never, "/healthz").await.assert_valid("healthz");
    for path in details {
        let response = as_owner(&never, path).await;
        assert_eq!(response.status, StatusCode::FORBIDDEN);
        assert!(
            response.text().contains("Routes::details"),
            "{}",
            response.text()
        );
    }
}

#[tokio::test]
async fn unusual_checks_and_requests_get_clear_responses() {
    let name = "größe/{x} \"1\" %";
    let health = Health::builder()
        .check(name, || async { Outcome::healthy() })
        .check("panics", async || -> bool {
            panic!("{}", "x".repeat(1_000_000))
        })
        .check("talks", || async {
            Outcome::unhealthy()
                .message("\u{7f}\n".repeat(500_000))
                .data("large", vec!["y".repeat(1000); 1000])
        })
        .build()
        .unwrap();
    let routes = Routes::new().health(health).details(Details::Always);
    for path in [
        "/health",
        "/healthz",
        "/health/detailed",
        "/health/checker/talks",
        "/health/checker/panics",
    ] {
        let response = get(&routes, path).await;
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(
            response.body.len() < 40_000,
            "{path}: {} bytes",
            response.body.len()
        );
    }
    let odd = get(
        &routes,
        "/health/checker/gr%C3%B6%C3%9Fe%2F%7Bx%7D%20%221%22%20%25",
    )
    .await;
    assert_eq!(
        (odd.status, &odd.json()["name"]),
        (StatusCode::OK, &json!(name))
    );

    let unknown = get(&routes, "/health/checker/nobody").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    unknown.assert_valid("problem");
    let detail = unknown.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(
        detail,
        format!("There is no check \"nobody\". The checks are: {name}, panics, talks.")
    );
    let long = get(&routes, &format!("/health/checker/{}", "n".repeat(60_000))).await;
    assert_eq!(long.status, StatusCode::NOT_FOUND);
    assert!(long.body.len() < 1000);
    let torn = get(&routes, "/health/checker/%FF%FE").await;
    assert_eq!(torn.status, StatusCode::BAD_REQUEST);
    torn.assert_valid("problem");
    assert_eq!(
        get(&routes, "/health/checker/").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        get(&routes, "/health/checker/a/b").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn head_has_the_status_and_no_body() {
    for (status, code) in [(Status::Degraded, 200), (Status::Unhealthy, 503)] {
        for path in ["/health", "/healthz", "/readyz"] {
            let request = Request::head(path).body(Body::empty()).unwrap();
            let response = Router::from(routes(status)).oneshot(request).await.unwrap();
            assert_eq!(response.status(), code, "{path}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert!(
                response
                    .into_body()
                    .collect()
                    .await
                    .unwrap()
                    .to_bytes()
                    .is_empty()
            );
        }
    }
    let request = Request::post("/readyz").body(Body::empty()).unwrap();
    let response = Router::from(routes(Status::Healthy))
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn reasons_are_always_shown_and_messages_only_with_details() {
    let health = Health::builder().explicit_start().build().unwrap();
    let routes = Routes::new()
        .health(health.clone())
        .guard(Guard::bearer(SECRET));
    let starting = get(&routes, "/readyz").await;
    assert_eq!(
        (starting.status, starting.text()),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"status":"unhealthy","reason":"starting"}"#
        )
    );
    health.mark_started();
    assert_eq!(get(&routes, "/readyz").await.status, 200);
    assert_eq!(get(&routes, "/startupz").await.status, 200);
    health.drain();
    assert_eq!(
        get(&routes, "/readyz").await.text(),
        r#"{"status":"unhealthy","reason":"draining"}"#
    );
    assert_eq!(get(&routes, "/livez").await.status, 200);
    health.fail_liveness("the ledger is torn");
    let failed = get(&routes, "/livez").await;
    assert_eq!(
        (failed.status, failed.text()),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"status":"unhealthy","reason":"failed"}"#
        )
    );
    let failed = as_owner(&routes, "/livez").await;
    failed.assert_valid("health");
    assert_eq!(failed.json()["message"], "the ledger is torn");
}

#[tokio::test]
async fn routes_are_renamed_guarded_nested_and_put_around_a_service() {
    let renamed = routes(Status::Healthy)
        .rename("/health/checker/{name}", "/ops/check/{name}")
        .rename("/readyz", "/ready")
        .protect("/healthz");
    assert_eq!(
        as_owner(&renamed, "/ops/check/cache:main").await.status,
        200
    );
    assert_eq!(get(&renamed, "/readyz").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&renamed, "/ready").await.status, 200);
    assert_eq!(
        get(&renamed, "/healthz").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(as_owner(&renamed, "/healthz").await.status, 200);
    let error = routes(Status::Healthy)
        .rename("/health/checker/{name}", "/check")
        .build::<()>()
        .unwrap_err();
    assert!(error.to_string().contains("must end in /{name}"), "{error}");
    assert!(
        routes(Status::Healthy)
            .rename("/readyz", "/ready/{name}")
            .build::<()>()
            .is_err()
    );

    let nested: Router = Router::new().nest("/ops", renamed.clone().into());
    let request =
        Request::get("/ops/ops/check/users%20db").header(AUTHORIZATION, format!("Bearer {SECRET}"));
    let response = nested
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);

    // Also below a path parameter of the app.
    let nested: Router = Router::new().nest("/{tenant}", routes(Status::Healthy).into());
    let request = Request::get("/acme/health/checker/users%20db");
    let request = request.header(AUTHORIZATION, format!("Bearer {SECRET}"));
    let response = nested
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);

    let app = service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(http::Response::new(Body::from("the app")))
    });
    let service = renamed.around(app);
    for (path, is_ours) in [
        ("/ops/check/users%20db", true),
        ("/ops/check/a/b", false),
        ("/ops/check/", false),
        ("/ops/check", false),
        ("/ready", true),
        ("/readyz", false),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body != "the app", is_ours, "{path}");
    }
}

#[derive(Clone)]
struct AppState {
    health: Health,
}

impl FromRef<AppState> for Health {
    fn from_ref(state: &AppState) -> Self {
        state.health.clone()
    }
}

#[tokio::test]
async fn ready_takes_health_from_the_state_and_rejects_while_not_ready() {
    let health = Health::builder()
        .check(
            "db",
            (|| async { Err::<(), _>("secret words") }).on(Probe::Readiness),
        )
        .build()
        .unwrap();
    let app = |health: Health| {
        Router::new()
            .route("/order", route_get(|_: Ready| async { "placed" }))
            .route(
                "/report",
                route_get(async |State(health): State<Health>| -> Report { health.report().await }),
            )
            .with_state(AppState { health })
    };
    let call = async |app: Router, path: &str| {
        let response = app
            .oneshot(Request::get(path).body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        Received {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    };
    let refused = call(app(health.clone()), "/order").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    refused.assert_valid("health");
    assert_eq!(
        refused.json(),
        json!({"status": "unhealthy", "checks": {"db": {"status": "unhealthy"}}})
    );
    let report = call(app(health), "/report").await;
    assert_eq!(report.status, StatusCode::SERVICE_UNAVAILABLE);
    report.assert_valid("detailed");
    assert_eq!(report.headers[CACHE_CONTROL], "no-store");
    let ready = call(app(Health::builder().build().unwrap()), "/order").await;
    assert_eq!((ready.status, ready.text()), (StatusCode::OK, "placed"));
    // Load balancers still send requests for a while after a drain began.
    let draining = Health::builder().build().unwrap();
    draining.drain();
    assert_eq!(call(app(draining), "/order").await.status, StatusCode::OK);
}

#[tokio::test]
async fn results_keep_the_order_of_their_checks() {
    let names = ["z", "a", "m"];
    let health = names.into_iter().fold(Health::builder(), |builder, name| {
        builder.check(name, || async { true })
    });
    let routes = Routes::new()
        .health(health.build().unwrap())
        .details(Details::Always);
    let text = get(&routes, "/health").await;
    let places: Vec<_> = names
        .iter()
        .map(|name| text.text().find(&format!("\"{name}\":")).unwrap())
        .collect();
    assert!(places.is_sorted());
    let listed: BTreeSet<_> = text.json()["checks"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(listed.len(), 3);
}
