//! `StorageRoundTrip`: a store returns the value that was written.

use std::fmt::Display;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::super::{Check, Outcome};
use crate::time::milliseconds;

/// The part of a key-value store (a cache, a bucket, a directory) that [`StorageRoundTrip`] uses.
pub trait Store: Send + Sync + 'static {
    /// The error of the store.
    type Error: Display;

    /// Writes a value, replacing an earlier one.
    fn set(&self, key: &str, value: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns the value of a key, or `None` if there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;
}

/// Writes a new value and reads it back: healthy within 1 s, degraded when slower, unhealthy if the value is missing or
/// different, or the store fails.
///
/// All writes go to the same key, so they do not pile up. Data: `set_ms`, `get_ms`.
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use tokio::sync::Mutex;
/// use tower_vitals::{Health, health::checks::{StorageRoundTrip, Store}};
///
/// #[derive(Default)]
/// struct Cache(Mutex<HashMap<String, String>>);
///
/// impl Store for Cache {
///     type Error = Infallible;
///
///     async fn set(&self, key: &str, value: &str) -> Result<(), Infallible> {
///         self.0.lock().await.insert(key.to_owned(), value.to_owned());
///         Ok(())
///     }
///
///     async fn get(&self, key: &str) -> Result<Option<String>, Infallible> {
///         Ok(self.0.lock().await.get(key).cloned())
///     }
/// }
///
/// let health = Health::builder().check("cache", StorageRoundTrip::new(Cache::default())).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[must_use]
pub struct StorageRoundTrip<S> {
    store: S,
    key: String,
    slow: Duration,
    /// Unique to this check in this process.
    instance: String,
    writes: AtomicU64,
}

impl<S: Store> StorageRoundTrip<S> {
    /// Checks this store under the key `tower-vitals:health`.
    pub fn new(store: S) -> Self {
        Self {
            store,
            key: "tower-vitals:health".to_owned(),
            slow: Duration::from_secs(1),
            instance: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            writes: AtomicU64::new(0),
        }
    }

    /// Sets the key. Defaults to `tower-vitals:health`. Instances of the service may share it: a value that another
    /// instance has just written is accepted, too.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Reports a round trip longer than this as degraded. Defaults to 1 s.
    pub fn slow_after(mut self, slow: Duration) -> Self {
        self.slow = slow;
        self
    }

    /// A value unlike any other: the instance, the time in milliseconds, and a count of the writes.
    fn new_value(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = now.unwrap_or_default().as_millis();
        let count = self.writes.fetch_add(1, Ordering::Relaxed);
        format!("{} {millis} {count}", self.instance)
    }
}

/// The largest expected difference between the clocks of two instances, in milliseconds.
const MAX_SKEW: u64 = 60_000;

/// Whether a read may return `read` after `written` was written: the same value, or one that another instance wrote
/// since. An earlier value of this instance means that the store lost the write.
fn is_accepted(written: &str, read: &str) -> bool {
    let (Some((instance, millis)), Some((other, other_millis))) = (parse(written), parse(read))
    else {
        return false;
    };
    read == written || (other != instance && other_millis.saturating_add(MAX_SKEW) >= millis)
}

/// The instance and the milliseconds of a value.
fn parse(value: &str) -> Option<(&str, u64)> {
    let (instance, rest) = value.split_once(' ')?;
    let (millis, count) = rest.split_once(' ')?;
    count.parse::<u64>().ok()?;
    Some((instance, millis.parse().ok()?))
}

impl<S: Store> Check for StorageRoundTrip<S> {
    async fn check(&self) -> Outcome {
        let value = self.new_value();
        let started = Instant::now();
        if let Err(error) = self.store.set(&self.key, &value).await {
            return Outcome::unhealthy().message(format!("cannot write: {error:#}"));
        }
        let written = started.elapsed();
        let outcome = match self.store.get(&self.key).await {
            Err(error) => Outcome::unhealthy().message(format!("cannot read: {error:#}")),
            Ok(None) => Outcome::unhealthy().message("the written value is missing"),
            Ok(Some(read)) if !is_accepted(&value, &read) => Outcome::unhealthy()
                .message("the store returned a value other than the written one"),
            Ok(Some(_)) if started.elapsed() > self.slow => Outcome::degraded()
                .message(format!("the round trip took longer than {:?}", self.slow)),
            Ok(Some(_)) => Outcome::healthy(),
        };
        outcome.data("set_ms", milliseconds(written)).data(
            "get_ms",
            milliseconds(started.elapsed().saturating_sub(written)),
        )
    }
}

debug_fields!(StorageRoundTrip<S> { key, slow });
