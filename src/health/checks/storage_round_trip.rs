//! `StorageRoundTrip`: a store returns the value that was written.

use std::fmt;
use std::fmt::Display;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::super::report::milliseconds;
use super::super::{Check, Outcome};

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
pub struct StorageRoundTrip<S> {
    store: S,
    key: String,
    slow: Duration,
    /// Unique to this check in this process.
    instance: String,
    written: AtomicU64,
}

impl<S: Store> StorageRoundTrip<S> {
    /// Checks this store under the key `tower-vitals:health`.
    pub fn new(store: S) -> Self {
        Self {
            store,
            key: "tower-vitals:health".to_owned(),
            slow: Duration::from_secs(1),
            instance: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            written: AtomicU64::new(0),
        }
    }

    /// Sets the key. Defaults to `tower-vitals:health`. Instances of the service may share it: a value that another
    /// instance has just written is accepted, too.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Reports a round trip longer than this as degraded. Defaults to 1 s.
    #[must_use]
    pub fn slow_after(mut self, slow: Duration) -> Self {
        self.slow = slow;
        self
    }

    fn new_value(&self) -> Value {
        Value {
            instance: self.instance.clone(),
            // As precise as the text that is written.
            at: Duration::from_millis(milliseconds_since_epoch()),
            count: self.written.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// A value that this check writes: its writer, its time and a count of the writes.
#[derive(Debug, PartialEq, Eq)]
struct Value {
    instance: String,
    at: Duration,
    count: u64,
}

fn milliseconds_since_epoch() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// The largest expected difference between the clocks of two instances.
const MAX_SKEW: Duration = Duration::from_mins(1);

impl Value {
    /// Whether a read after the write may return `read`: this value, or one that another instance wrote since. An
    /// earlier value of this instance means that the store lost the write.
    fn accepts(&self, read: &str) -> bool {
        read.parse().is_ok_and(|read: Self| {
            read == *self || (read.instance != self.instance && read.at + MAX_SKEW >= self.at)
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.instance,
            self.at.as_millis(),
            self.count
        )
    }
}

impl FromStr for Value {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ' ');
        let mut next = || parts.next().ok_or(());
        let instance = next()?.to_owned();
        let millis = next()?.parse().map_err(drop)?;
        Ok(Self {
            instance,
            at: Duration::from_millis(millis),
            count: next()?.parse().map_err(drop)?,
        })
    }
}

impl<S: Store> Check for StorageRoundTrip<S> {
    async fn check(&self) -> Outcome {
        let value = self.new_value();
        let started = Instant::now();
        if let Err(error) = self.store.set(&self.key, &value.to_string()).await {
            return Outcome::unhealthy().message(format!("cannot write: {error:#}"));
        }
        let written = started.elapsed();
        let outcome = match self.store.get(&self.key).await {
            Err(error) => Outcome::unhealthy().message(format!("cannot read: {error:#}")),
            Ok(None) => Outcome::unhealthy().message("the written value is missing"),
            Ok(Some(read)) if !value.accepts(&read) => Outcome::unhealthy()
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

impl<S> fmt::Debug for StorageRoundTrip<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageRoundTrip")
            .field("key", &self.key)
            .field("slow", &self.slow)
            .finish_non_exhaustive()
    }
}
