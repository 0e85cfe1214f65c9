//! Instruments for everything except HTTP requests: service calls, external APIs, queries, storage, events, errors, tokens,
//! plugins and connections.
//!
//! An instrument is a cheap handle with fixed labels. Create it once, keep it where it is used, clone it freely. It allocates
//! nothing after its first use. It records through the `metrics` facade, so every exporter of the facade can read it.
//!
//! ```
//! use std::sync::LazyLock;
//! use tower_vitals::instrument::{Errors, Query};
//!
//! static SELECT_USER: LazyLock<Query> = LazyLock::new(|| Query::new("select"));
//! static NOT_FOUND: LazyLock<Errors> = LazyLock::new(|| Errors::new("not_found", "users"));
//!
//! # #[derive(Debug)] struct User;
//! # async fn fetch(_id: u64) -> Result<User, String> { Ok(User) }
//! async fn user(id: u64) -> Result<User, String> {
//!     let found = SELECT_USER.observe(fetch(id)).await;
//!     found.inspect_err(|_| NOT_FOUND.record())
//! }
//! ```
//!
//! An observed future is recorded exactly once, with one of four outcomes: it returned `Ok` (`success`) or `Err` (`failure`),
//! was dropped before it finished (`cancelled`), or panicked (`panic`; the panic propagates).
//!
//! The counters and durations of an instrument exist at 0 from its creation, because Prometheus does not see the first event of
//! a counter that appears at 1: `increase()` over it is 0. Instruments that are created before the recorder exist at 0 from
//! [`Prometheus::install`](crate::exporter::PrometheusBuilder::install), or from their first use with another exporter. A
//! `static` is created by its first use: run `LazyLock::force(&NOT_FOUND)` at start to have its counters at 0. Gauges exist once they
//! are set.
//!
//! An instrument stays with the recorder that is installed in the process at its first use, or with that of `recorder(..)`. If
//! one is installed when `new` is called, the series exist at 0 there, too, in spite of a later `recorder(..)`. On a
//! thread with a local recorder it records there, without staying. [Tests](crate::exporter::testing) use this. Handles are not
//! renewed, so recorders with an idle timeout lose the records of series that they have dropped.
//!
//! Values that are sampled rather than recorded (memory, file descriptors, the runtime) come from [`Collectors`].

mod collect;
mod connections;
mod database_connections;
mod errors;
mod event_types;
mod events;
mod external_api;
mod observe;
mod plugins;
#[cfg(feature = "sqlx")]
mod pool;
mod query;
mod redis_connections;
mod service_calls;
mod storage;
mod tokens;

pub use self::collect::{Collecting, Collectors};
pub use self::connections::{Connection, Connections};
pub use self::database_connections::DatabaseConnections;
pub use self::errors::Errors;
pub use self::event_types::{EventTypes, Tracked};
pub use self::events::Events;
pub use self::external_api::ExternalApi;
pub use self::observe::Observe;
pub use self::plugins::Plugins;
pub use self::query::Query;
pub use self::redis_connections::RedisConnections;
pub use self::service_calls::{ServiceCalls, ServiceCallsFuture, ServiceCallsService};
pub use self::storage::Storage;
pub use self::tokens::Tokens;
