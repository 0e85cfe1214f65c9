//! The built-in checks, one file each.
//!
//! | check | checks | feature |
//! |---|---|---|
//! | [`Tcp`] | an address accepts connections | |
//! | [`StorageRoundTrip`] | a store returns the value that was written | |
//! | [`Heartbeat`] | a component beats within its interval | |
//! | [`RegisteredModules`] | all expected modules or plugins have registered | |
//! | [`Configuration`] | all required settings are present | |
//! | [`Uptime`] | nothing: it reports the uptime | |
#![cfg_attr(
    feature = "system",
    doc = "| [`Disk`], [`Memory`] | enough space is left | `system` |"
)]
#![cfg_attr(
    feature = "check-http",
    doc = "| [`Http`] | an endpoint responds with an expected status | `check-http` |"
)]
#![cfg_attr(
    feature = "check-postgres",
    doc = "| [`Postgres`] | `SELECT 1` succeeds | `check-postgres` |"
)]
#![cfg_attr(
    feature = "check-sqlite",
    doc = "| [`Sqlite`] | the schema of the file can be read | `check-sqlite` |"
)]
#![cfg_attr(feature = "check-redis", doc = "| [`Redis`] | PING | `check-redis` |")]
#![cfg_attr(
    feature = "check-rabbitmq",
    doc = "| [`RabbitMq`] | a channel opens | `check-rabbitmq` |"
)]

#[cfg(feature = "check-rabbitmq")]
mod amqp;
#[cfg(any(
    feature = "check-postgres",
    feature = "check-rabbitmq",
    feature = "check-redis"
))]
mod cached_connection;
mod configuration;
#[cfg(feature = "system")]
mod disk;
#[cfg(any(
    feature = "check-postgres",
    feature = "check-rabbitmq",
    feature = "check-redis",
    feature = "check-sqlite"
))]
pub mod drivers;
mod heartbeat;
#[cfg(feature = "check-http")]
mod http;
#[cfg(any(
    feature = "check-postgres",
    feature = "check-rabbitmq",
    feature = "check-redis",
    feature = "check-sqlite"
))]
mod latency;
#[cfg(feature = "system")]
mod memory;
#[cfg(feature = "check-postgres")]
mod postgres;
#[cfg(feature = "check-rabbitmq")]
mod rabbitmq;
#[cfg(feature = "check-redis")]
mod redis;
mod registered_modules;
#[cfg(any(feature = "system", feature = "check-sqlite"))]
mod single_flight;
#[cfg(any(feature = "check-postgres", feature = "check-sqlite"))]
mod sql;
#[cfg(feature = "check-sqlite")]
mod sqlite;
mod storage_round_trip;
mod tcp;
#[cfg(feature = "system")]
mod thresholds;
mod uptime;

pub use self::configuration::Configuration;
#[cfg(feature = "system")]
pub use self::disk::Disk;
pub use self::heartbeat::Heartbeat;
#[cfg(feature = "check-http")]
pub use self::http::Http;
#[cfg(feature = "system")]
pub use self::memory::Memory;
#[cfg(feature = "check-postgres")]
pub use self::postgres::Postgres;
#[cfg(feature = "check-rabbitmq")]
pub use self::rabbitmq::RabbitMq;
#[cfg(feature = "check-redis")]
pub use self::redis::Redis;
pub use self::registered_modules::RegisteredModules;
#[cfg(feature = "check-sqlite")]
pub use self::sqlite::Sqlite;
pub use self::storage_round_trip::{StorageRoundTrip, Store};
pub use self::tcp::Tcp;
pub use self::uptime::Uptime;
