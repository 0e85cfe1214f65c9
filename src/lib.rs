//! Metrics, health checks and operations for axum, tower and hyper services: add a layer, merge a router, read `/metrics`.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_vitals::prelude::*;
//!
//! # async fn show_user() {}
//! let prometheus = Prometheus::install()?;
//! let health = Health::builder().check("stock", || async { true }).build()?;
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(show_user))
//!     .merge(Routes::new().metrics(prometheus).health(health))
//!     .layer(HttpMetricsLayer::new());
//! # Ok::<_, tower_vitals::Error>(())
//! ```
//!
//! - [`http_metrics`]: tower layers for requests you serve ([`HttpMetricsLayer`]) and requests you send
//!   ([`ClientMetricsLayer`]). They record through the `metrics` facade, so every exporter of the facade can read them.
//! - [`instrument`]: metrics of everything else: calls, queries, storage, events, errors, tokens, connections, and the
//!   sampled values of process, host and runtime.
//! - [`exporter`]: the Prometheus recorder ([`Prometheus`]), a series limit for any recorder, and pushes of short-lived jobs
//!   ([`Pushgateway`](exporter::Pushgateway)).
//! - [`health`]: health checks and the probes of an orchestrator ([`Health`]).
//! - [`jobs`]: background jobs with a history of their runs that survives the process.
//! - [`alerts`]: alert rules over the metrics of the process, their alerts, and notifications ([`Alerts`](alerts::Alerts)).
//! - [`routes`]: [`Routes`], merged into an axum router, placed in front of a hyper service, or served on their own address, for
//!   programs without HTTP of their own by [`Monitoring`].
//! - [`settings`]: typed settings from the environment ([`Settings`]).
//! - [`telemetry`]: logs and traces.
//! - [`redact`]: the redactor, which masks secrets in all text that the crate emits.
//! - [`catalog`]: the definition of every metric the crate emits.
//! - [`prelude`]: the types that most services need.
//!
//! # Features
//!
//! The crate needs Rust 1.88. Some features have dependencies that need more, as the table says.
//!
//! | feature | provides | dependencies |
//! |---|---|---|
//! | none | the layers and the instruments, with `http`, `http-body`, `tower-layer`, `tower-service`, `futures-core`, `metrics`, `parking_lot`, `quanta` and `tracing` | 25 crates |
//! | `axum` (default) | [`Routes`], `MatchedPath` as the endpoint, [`Ready`], response parts, [`Settings`]; enables `health` | 43 more |
//! | `prometheus` (default) | [`Prometheus`], [`exporter::SeriesLimit`] | 3 more |
//! | `logging` | [`Logging`](telemetry::logging::Logging): lines of text and JSON on a console and in rotated files, a filter that changes at run time, a panic hook | 31 more |
//! | `metrics-exporter-prometheus` | [`ExistingExporter`](exporter::ExistingExporter): [`Routes::metrics`] reads the exporter of that crate that a service installed itself | 25 over `prometheus` |
//! | `protobuf` | [`Routes::metrics`] answers in Prometheus' protobuf format, which alone shows [native histograms](exporter::PrometheusBuilder::native_histograms) | none over `prometheus` |
//! | `push` | [`Pushgateway`](exporter::Pushgateway): pushes the metrics of short-lived jobs | 28 over `prometheus` |
//! | `health` | [`Health`], the probes, the checks without drivers, and the [`Collectors`](instrument::Collectors) of the runtime | 16 more |
//! | `system` | [`Disk`](health::checks::Disk) and [`Memory`](health::checks::Memory) checks, [`Collectors`](instrument::Collectors) of process and host; needs Rust 1.95 | 4 over `health` |
//! | `alerts` | [`alerts`]: alert rules over metrics; the engine, its state in memory, and the log channel; enables `health` and `prometheus` | 21 over both |
//! | `alerts-http` | [`channels`](alerts::channels) over HTTP: webhook, Slack, Discord, Telegram, PagerDuty, Opsgenie, Alertmanager, heartbeat; with rustls and ring | 23 over `alerts` |
//! | `alerts-email` | [`Email`](alerts::channels::Email), with lettre and rustls | 53 over `alerts` |
//! | `alerts-sqlite` | [`SqliteAlerts`](alerts::stores::SqliteAlerts), with sqlx and a bundled SQLite; needs Rust 1.94 | 68 over `alerts` |
//! | `alerts-postgres` | [`PostgresAlerts`](alerts::stores::PostgresAlerts), with sqlx and rustls; needs Rust 1.94 | 97 over `alerts` |
//! | `jobs` | [`jobs`]: background jobs and their runs | 21 over `health` |
//! | `jobs-sqlite` | [`SqliteHistory`](jobs::SqliteHistory), with sqlx and a bundled SQLite; needs Rust 1.94 | 70 over `jobs` |
//! | `jobs-postgres` | [`PostgresHistory`](jobs::PostgresHistory), with sqlx and rustls; needs Rust 1.94 | 99 over `jobs` |
//! | `check-http` | [`Http`](health::checks::Http), with rustls | 23 over `health` |
//! | `check-postgres` | [`Postgres`](health::checks::Postgres), with sqlx and rustls; needs Rust 1.94 | 101 over `health` |
//! | `check-sqlite` | [`Sqlite`](health::checks::Sqlite), with sqlx and a bundled SQLite; needs Rust 1.94 | 71 over `health` |
//! | `check-redis` | [`Redis`](health::checks::Redis), with rustls | 53 over `health` |
//! | `check-rabbitmq` | [`RabbitMq`](health::checks::RabbitMq), with lapin | 48 over `health` |
//! | `grpc-health` | [`GrpcHealth`](health::GrpcHealth): the gRPC health service, with tonic | 20 over `health` |
//! | `reqwest-0-12` | [`ClientMetricsLayer`] around [reqwest 0.12](http_metrics::reqwest::v0_12) | 58 more |
//! | `reqwest-0-13` | [`ClientMetricsLayer`] around [reqwest 0.13](http_metrics::reqwest::v0_13) | 53 more |
//! | `sqlx` | [`DatabaseConnections::poll`](instrument::DatabaseConnections::poll) for sqlx pools; needs Rust 1.94 | 73 more |
//! | `otel` | [`telemetry::otel`]: traces over OTLP, with gRPC or HTTP; the headers of traces in [`ServerSpanLayer`] and [`ClientMetricsLayer`], and their ids in exemplars | 83 more |
//! | `request-id` | [`RequestIdLayer`], which gives each request an id, with tower-http | 5 more |
//! | `dashboard` | [`Routes::dashboard`]: a page that shows all that the routes serve, live | none over `axum` and `prometheus` |
//! | `profile` | [`Routes::profile`]: CPU profiles of the process on Linux, with rpprof | 35 over `axum` |
//! | `cors` | [`Routes::cors`]: pages of named origins may read the JSON of the routes, with tower-http | 1 over `axum` |
//! | `openapi` | [`Routes::openapi_json`] and [`Routes::openapi`]: the OpenAPI 3.1 document of the mounted routes, with utoipa | 5 over `axum` |
//! | `docs-ui` | [`Routes::docs_ui`]: Swagger UI at `/docs`, from the crate itself | none over `openapi` |
//! | `redoc` | [`Routes::redoc`]: Redoc at `/redoc`, from the crate itself | none over `openapi` |
//! | `full` | everything; needs Rust 1.95 | 287 crates in total |
#![warn(clippy::incompatible_msrv)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Links to gated items resolve with all features, as on docs.rs. Other builds of the docs leave them out.
#![cfg_attr(not(feature = "full"), allow(rustdoc::broken_intra_doc_links))]

#[macro_use]
mod macros;

#[cfg(feature = "alerts")]
pub mod alerts;
#[cfg(feature = "health")]
mod broadcast;
pub mod catalog;
#[cfg_attr(
    not(feature = "prometheus"),
    expect(dead_code, unused_imports, reason = "the recorder uses it")
)]
mod cells;
#[cfg(feature = "system")]
mod cgroup;
#[cfg(any(feature = "alerts", feature = "jobs"))]
mod cron;
#[cfg(feature = "axum")]
mod duration;
mod error;
#[cfg(feature = "prometheus")]
pub mod exporter;
mod forwarded;
#[cfg(feature = "health")]
pub mod health;
#[cfg(any(feature = "alerts", feature = "jobs"))]
mod host;
#[cfg(any(
    feature = "alerts-http",
    feature = "check-http",
    feature = "otel",
    feature = "push"
))]
mod http_client;
pub mod http_metrics;
#[cfg(any(
    feature = "alerts-http",
    feature = "axum",
    feature = "check-http",
    feature = "otel",
    feature = "push"
))]
#[cfg_attr(
    not(any(
        feature = "alerts-http",
        feature = "check-http",
        feature = "otel",
        feature = "push"
    )),
    allow(dead_code, reason = "settings only check URLs")
)]
mod http_url;
pub mod instrument;
mod ip_range;
#[cfg(feature = "jobs")]
pub mod jobs;
#[cfg(feature = "alerts")]
mod join_all;
#[cfg(any(feature = "axum", feature = "logging"))]
#[cfg_attr(
    not(feature = "logging"),
    allow(dead_code, reason = "settings only check filters")
)]
mod log_filter;
#[cfg(any(feature = "alerts", feature = "axum", feature = "otel"))]
mod log_limit;
mod measure;
#[cfg(any(
    feature = "health",
    feature = "logging",
    feature = "otel",
    feature = "push"
))]
mod outage;
#[cfg(any(
    feature = "health",
    feature = "logging",
    feature = "otel",
    feature = "prometheus"
))]
#[cfg_attr(
    not(any(feature = "health", feature = "otel")),
    expect(
        dead_code,
        reason = "the recorder and log files catch panics of functions only"
    )
)]
mod panics;
#[cfg(any(
    feature = "alerts-postgres",
    feature = "check-postgres",
    feature = "check-sqlite",
    feature = "jobs-postgres"
))]
mod pgbouncer;
pub mod prelude;
#[cfg(feature = "alerts")]
mod process_mark;
mod recorder;
pub mod redact;
mod request_id;
mod request_target;
#[cfg(feature = "axum")]
pub mod routes;
#[cfg(feature = "axum")]
pub mod settings;
#[cfg(any(
    feature = "alerts-postgres",
    feature = "alerts-sqlite",
    feature = "jobs-postgres",
    feature = "jobs-sqlite"
))]
#[allow(dead_code, unused_imports, reason = "each store uses some of it")]
mod sql;
#[cfg(any(feature = "logging", feature = "otel"))]
pub mod telemetry;
mod thread;
#[cfg(feature = "prometheus")]
mod ticker;
mod time;
#[cfg(any(
    feature = "alerts-email",
    feature = "alerts-http",
    feature = "check-http",
    feature = "check-redis",
    feature = "otel",
    feature = "push"
))]
mod tls;
#[allow(
    dead_code,
    unused_imports,
    reason = "layers, logs and exemplars use it, each with features of its own"
)]
mod trace_context;
#[cfg(any(feature = "profile", feature = "prometheus"))]
#[cfg_attr(
    not(all(feature = "profile", feature = "prometheus")),
    allow(dead_code, reason = "each format uses some of it")
)]
mod wire;

pub use crate::error::{Error, ErrorKind};
#[cfg(feature = "prometheus")]
pub use crate::exporter::Prometheus;
pub use crate::forwarded::ForwardedHeader;
#[cfg(feature = "health")]
pub use crate::health::Health;
#[cfg(feature = "request-id")]
pub use crate::http_metrics::RequestIdLayer;
pub use crate::http_metrics::{
    ClientMetricsLayer, HttpLayer, HttpMetricsLayer, RequestLogLayer, ServerSpanLayer,
};
#[cfg(feature = "request-id")]
pub use crate::request_id::RequestId;
#[cfg(feature = "axum")]
pub use crate::routes::{Monitoring, NotReady, Ready, Routes};
#[cfg(feature = "axum")]
pub use crate::settings::Settings;
