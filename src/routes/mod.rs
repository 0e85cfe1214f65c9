//! Routes for metrics, health, jobs and administration, and the guard in front of the sensitive ones.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};
//!
//! let prometheus = Prometheus::install()?;
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .merge(Routes::new().metrics(prometheus))
//!     .layer(HttpMetricsLayer::new());
//! # Ok::<_, tower_vitals::Error>(())
//! ```
//!
#![doc = include_str!("../../docs/controls.md")]

mod accept;
mod acceptor;
mod access;
#[cfg(feature = "alerts")]
mod act_operations;
mod admin;
#[cfg(feature = "alerts")]
mod alert_acts;
#[cfg(feature = "alerts")]
mod alert_operations;
#[cfg(feature = "alerts")]
mod alert_watch;
#[cfg(feature = "alerts")]
mod alerts;
mod answer;
mod build;
#[cfg(feature = "prometheus")]
mod chunked_body;
mod connection_service;
mod connections;
#[cfg(feature = "cors")]
mod cors;
#[cfg(feature = "cors")]
mod cors_layer;
#[cfg(not(feature = "cors"))]
#[path = "no_cors_layer.rs"]
mod cors_layer;
#[cfg(feature = "dashboard")]
mod dashboard;
mod download;
#[cfg(feature = "prometheus")]
mod exposition;
mod extract;
mod function_guard;
mod guard;
#[cfg(any(
    feature = "dashboard",
    feature = "docs-ui",
    feature = "profile",
    feature = "prometheus",
    feature = "redoc"
))]
#[cfg_attr(
    not(feature = "prometheus"),
    allow(
        dead_code,
        reason = "profiles are always compressed, and files of pages are already"
    )
)]
mod gzip;
mod health;
mod health_operations;
mod health_shapes;
mod heap_profile;
mod hosts;
mod ip_guard;
#[cfg(feature = "jobs")]
mod job_operations;
#[cfg(feature = "jobs")]
mod job_watch;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(any(feature = "alerts", feature = "logging"))]
mod json_body;
#[cfg(any(feature = "alerts", feature = "logging"))]
mod json_fields;
#[cfg(any(feature = "alerts", feature = "logging"))]
mod json_repeated;
mod limits;
#[cfg(feature = "logging")]
mod log_level;
#[cfg(feature = "logging")]
mod log_tail;
mod merge;
mod method;
#[cfg(feature = "prometheus")]
mod metrics;
#[cfg(feature = "prometheus")]
mod metrics_history;
#[cfg(feature = "prometheus")]
mod metrics_json;
#[cfg(feature = "prometheus")]
mod metrics_operations;
#[cfg(feature = "prometheus")]
mod metrics_registries;
#[cfg(feature = "prometheus")]
mod metrics_render;
mod monitoring;
mod mounted;
mod mounted_route;
#[cfg(feature = "openapi")]
mod openapi;
mod operation;
#[cfg(any(feature = "dashboard", feature = "docs-ui", feature = "redoc"))]
mod page;
mod parameter;
mod peer;
mod pprof_index;
mod problem;
#[cfg(feature = "profile")]
mod profile;
#[cfg(any(
    feature = "alerts",
    feature = "jobs",
    feature = "logging",
    feature = "profile",
    feature = "prometheus"
))]
mod query;
mod refusal;
mod refusals;
mod rejection;
mod relative;
#[cfg(feature = "prometheus")]
mod release;
#[cfg(feature = "prometheus")]
mod render_job;
#[cfg(feature = "prometheus")]
mod render_queue;
#[cfg(feature = "prometheus")]
mod render_state;
mod request;
#[cfg(feature = "request-id")]
mod request_id;
mod respond;
mod route;
mod routes;
mod server;
mod service;
#[cfg(feature = "prometheus")]
mod shared_text;
mod stopping;
mod tasks;
mod timed_stream;
mod watch;

pub use self::access::Details;
pub use self::extract::{NotReady, Ready};
pub use self::guard::Guard;
pub use self::monitoring::Monitoring;
pub use self::routes::Routes;
pub use self::server::Server;
pub use self::service::{NotFound, RoutesBody, RoutesFuture, RoutesService};
