//! What is not HTTP: calls of any service, external APIs by any client, queries, storage, events, errors, tokens,
//! plugins, connections.
//!
//! Each instrument is a handle of certain labels: made once, kept where it is used, cloned freely. It registers with the
//! recorder at its first use, allocates nothing after that, and records through the `metrics` facade, so that any of its
//! exporters reads it.
//!
//! ```
//! use std::sync::LazyLock;
//! use tower_vitals::instrument::{Errors, Query};
//!
//! static SELECT_USER: LazyLock<Query> = LazyLock::new(|| Query::kind("select"));
//! static NOT_FOUND: LazyLock<Errors> = LazyLock::new(|| Errors::of("not_found", "users"));
//!
//! # #[derive(Debug)] struct User;
//! # async fn fetch(_id: u64) -> Result<User, String> { Ok(User) }
//! async fn user(id: u64) -> Result<User, String> {
//!     let found = SELECT_USER.observe(fetch(id)).await;
//!     found.inspect_err(|_| NOT_FOUND.record())
//! }
//! ```
//!
//! A handle belongs to the recorder that is current at its first use, also where that is a thread's local one
//! (`metrics::with_local_recorder`): in tests give instruments their recorder by `recorder(..)`. Handles are not renewed, so
//! recorders with an idle timeout lose what is recorded after it.
//!
//! What is observed ends in one of four ways, and is recorded exactly once: its future gave `Ok` (`success`) or `Err`
//! (`failure`), was dropped before it gave anything (`cancelled`), or panicked (`panic`; the panic goes on its way).
//!
//! What does not happen but is (memory, file descriptors, the runtime) is read by [`Collectors`].

mod api;
mod calls;
mod collect;
mod database;
mod events;
mod gauges;
mod observe;
#[cfg(any(feature = "check-postgres", feature = "check-sqlite"))]
mod pool;
mod totals;

pub use self::api::ExternalApi;
pub use self::calls::{CallFuture, ServiceCalls, ServiceCallsService};
pub use self::collect::{Collecting, Collectors};
pub use self::database::{DatabaseConnections, Query, RedisConnections};
pub use self::events::{EventTypes, Events, Tracked};
pub use self::gauges::{Connection, Connections, Plugins};
pub use self::observe::Observe;
pub use self::totals::{Errors, Storage, Tokens};
