//! `Storage`: whether a store gives back what it was given.

use std::fmt;
use std::fmt::Display;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::super::report::milliseconds;
use super::super::{Check, Outcome};

/// A key-value store, as far as [`Storage`] needs one: a cache, a bucket, a directory.
pub trait Store: Send + Sync + 'static {
    /// Why the store refused.
    type Error: Display;

    /// Writes a value under a key, over what was there.
    fn set(&self, key: &str, value: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The value under a key, if there is one.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;
}

/// Writes a value that was never there and reads it back: healthy within 1 s, degraded when slower, unhealthy when it is
/// another value, none, or an error.
///
/// Writes under one key of its own, so nothing piles up. Data: `set_ms`, `get_ms`.
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use std::sync::{Mutex, PoisonError};
/// use tower_vitals::{Health, health::checks::{Storage, Store}};
///
/// #[derive(Default)]
/// struct Shelf(Mutex<HashMap<String, String>>);
///
/// impl Store for Shelf {
///     type Error = Infallible;
///
///     async fn set(&self, key: &str, value: &str) -> Result<(), Infallible> {
///         let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         shelf.insert(key.to_owned(), value.to_owned());
///         Ok(())
///     }
///
///     async fn get(&self, key: &str) -> Result<Option<String>, Infallible> {
///         Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
///     }
/// }
///
/// let health = Health::builder().check("shelf", Storage::round_trip(Shelf::default())).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Storage<S> {
    store: S,
    key: String,
    slow: Duration,
    written: AtomicU64,
}

impl<S: Store> Storage<S> {
    /// Checks this store, under the key `tower-vitals:health`.
    pub fn round_trip(store: S) -> Self {
        Self {
            store,
            key: "tower-vitals:health".to_owned(),
            slow: Duration::from_secs(1),
            written: AtomicU64::new(0),
        }
    }

    /// The key it writes under. Instances that share a store and a key may read each other's value, which is unhealthy
    /// to neither only if each has a key of its own.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// A round trip longer than this is degraded. Defaults to 1 s.
    #[must_use]
    pub fn slow_after(mut self, slow: Duration) -> Self {
        self.slow = slow;
        self
    }

    /// Never written before: by this process because of the count, by another because of the time.
    fn new_value(&self) -> String {
        let count = self.written.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        format!("{}-{}-{count}", std::process::id(), now.as_nanos())
    }
}

impl<S: Store> Check for Storage<S> {
    async fn check(&self) -> Outcome {
        let value = self.new_value();
        let started = Instant::now();
        if let Err(error) = self.store.set(&self.key, &value).await {
            return Outcome::unhealthy().message(format!("cannot write: {error:#}"));
        }
        let written = started.elapsed();
        let outcome = match self.store.get(&self.key).await {
            Err(error) => Outcome::unhealthy().message(format!("cannot read: {error:#}")),
            Ok(None) => Outcome::unhealthy().message("the value that was written is not there"),
            Ok(Some(read)) if read != value => {
                Outcome::unhealthy().message("another value came back than was written")
            }
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

impl<S> fmt::Debug for Storage<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("key", &self.key)
            .field("slow", &self.slow)
            .finish_non_exhaustive()
    }
}
