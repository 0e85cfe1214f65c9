//! The built-in checks, one file each.
//!
//! | check | asks | flag |
//! |---|---|---|
//! | [`Tcp`] | whether an address accepts connections | |
//! | [`Storage`] | whether a store gives back what it was given | |
//! | [`Heartbeat`] | whether a component beats within its interval | |
//! | [`Registered`] | whether all expected modules or plugins are there | |
//! | [`Configuration`] | whether all settings are there | |
//! | [`Uptime`] | nothing: it tells for how long the service has run | |
#![cfg_attr(
    feature = "system",
    doc = "| [`Disk`], [`Memory`] | how full they are | `system` |"
)]
#![cfg_attr(
    feature = "check-http",
    doc = "| [`Http`] | whether an endpoint answers as expected | `check-http` |"
)]
#![cfg_attr(
    feature = "check-postgres",
    doc = "| [`Postgres`] | `SELECT 1` | `check-postgres` |"
)]
#![cfg_attr(
    feature = "check-sqlite",
    doc = "| [`Sqlite`] | a read of the file's schema | `check-sqlite` |"
)]
#![cfg_attr(feature = "check-redis", doc = "| [`Redis`] | PING | `check-redis` |")]
#![cfg_attr(
    feature = "check-rabbitmq",
    doc = "| [`RabbitMq`] | whether the connection is open and opens a channel | `check-rabbitmq` |"
)]

#[cfg(feature = "check-rabbitmq")]
mod amqp;
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
    feature = "check-redis"
))]
mod kept;
#[cfg(feature = "system")]
mod memory;
#[cfg(any(feature = "system", feature = "check-sqlite"))]
mod one_at_a_time;
#[cfg(feature = "check-postgres")]
mod postgres;
#[cfg(feature = "check-rabbitmq")]
mod rabbitmq;
#[cfg(feature = "check-redis")]
mod redis;
mod registered;
#[cfg(any(feature = "check-postgres", feature = "check-sqlite"))]
mod sql;
#[cfg(feature = "check-sqlite")]
mod sqlite;
mod storage;
mod tcp;
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
pub use self::registered::Registered;
#[cfg(feature = "check-sqlite")]
pub use self::sqlite::Sqlite;
pub use self::storage::{Storage, Store};
pub use self::tcp::Tcp;
pub use self::uptime::Uptime;
