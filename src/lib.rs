//! Metrics, health and operations for axum, tower and hyper services: add a layer, merge a router, read `/metrics`.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_vitals::{Health, HttpMetricsLayer, Prometheus, Routes};
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
//! - [`http_metrics`]: tower layers around what you serve ([`HttpMetricsLayer`]) and what you call ([`ClientMetricsLayer`]). They
//!   record through the `metrics` facade, so any of its exporters reads them.
//! - [`instrument`]: what is not HTTP: calls, queries, storage, events, errors, tokens, connections.
//! - [`exporter`]: the recorder that Prometheus reads ([`Prometheus`]), a limit on series for any recorder, and
//!   the push of a short job ([`Pushgateway`](exporter::Pushgateway)).
//! - [`health`]: checks and what the probes of an orchestrator are told ([`Health`]).
//! - [`jobs`]: background jobs, every run known, with a history that outlives the process.
//! - [`routes`]: [`Routes`], merged into an axum router, put in front of a hyper service, or served on its own address.
//! - [`settings`]: what the environment sets, typed ([`Settings`]).
//! - [`catalog`]: every metric the crate emits, as data.
//!
//! # Features
//!
//! | flag | what it gives | what it costs |
//! |---|---|---|
//! | none | the layers and the instruments, over `http`, `http-body`, `tower-layer`, `tower-service`, `futures-core`, `metrics`, `quanta` and `tracing` | 19 crates |
//! | `axum` (default) | [`Routes`], `MatchedPath` as the endpoint, [`Ready`], response parts, [`Settings`]; `health` comes along | 48 more |
//! | `prometheus` (default) | [`Prometheus`], [`exporter::SeriesLimit`] | 29 more |
//! | `push` | [`Pushgateway`](exporter::Pushgateway): metrics of short jobs, pushed | 28 over `prometheus` |
//! | `health` | [`Health`], the probes, the checks that need no other crate, and the runtime's [`Collectors`](instrument::Collectors) | 17 more |
//! | `system` | [`Disk`](health::checks::Disk) and [`Memory`](health::checks::Memory) checks, [`Collectors`](instrument::Collectors) of process and host | 4 over `health` |
//! | `jobs` | [`jobs`]: background jobs and their runs | 17 over `health` |
//! | `jobs-sqlite` | [`SqliteHistory`](jobs::SqliteHistory), by sqlx, with SQLite itself | 75 over `jobs` |
//! | `jobs-postgres` | [`PostgresHistory`](jobs::PostgresHistory), by sqlx, with TLS by rustls | 104 over `jobs` |
//! | `check-http` | [`Http`](health::checks::Http), with TLS by rustls | 24 over `health` |
//! | `check-postgres` | [`Postgres`](health::checks::Postgres), by sqlx, with TLS by rustls | 107 over `health` |
//! | `check-sqlite` | [`Sqlite`](health::checks::Sqlite), by sqlx, with SQLite itself | 77 over `health` |
//! | `check-redis` | [`Redis`](health::checks::Redis) | 44 over `health` |
//! | `check-rabbitmq` | [`RabbitMq`](health::checks::RabbitMq), by lapin | 52 over `health` |
//! | `full` | everything | 226 crates in all |
#[cfg(feature = "health")]
mod broadcast;
pub mod catalog;
#[cfg(feature = "system")]
mod cgroup;
#[cfg(feature = "axum")]
mod duration;
mod error;
#[cfg(feature = "prometheus")]
pub mod exporter;
#[cfg(feature = "health")]
pub mod health;
#[cfg(any(feature = "check-http", feature = "push"))]
mod http_client;
pub mod http_metrics;
#[cfg(any(feature = "check-http", feature = "push"))]
mod http_url;
pub mod instrument;
#[cfg(feature = "jobs")]
pub mod jobs;
mod measure;
#[cfg(any(feature = "health", feature = "push"))]
mod outage;
#[cfg(feature = "health")]
mod panics;
mod recorder;
#[cfg(any(feature = "health", feature = "push"))]
mod redact;
#[cfg(feature = "axum")]
pub mod routes;
#[cfg(feature = "axum")]
pub mod settings;
mod thread;
#[cfg(feature = "prometheus")]
mod ticker;
#[cfg(feature = "health")]
mod time;

pub use crate::error::{Error, ErrorKind};
#[cfg(feature = "prometheus")]
pub use crate::exporter::Prometheus;
#[cfg(feature = "health")]
pub use crate::health::Health;
pub use crate::http_metrics::{ClientMetricsLayer, HttpMetricsLayer};
#[cfg(feature = "axum")]
pub use crate::routes::{NotReady, Ready, Routes};
#[cfg(feature = "axum")]
pub use crate::settings::Settings;
