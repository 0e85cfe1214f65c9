//! `Storage`: whether a store gives back what it was given.

use std::fmt;
use std::fmt::Display;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::super::{Check, Outcome};
use crate::time::milliseconds;

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
    /// Of this check in this process, unlike any other.
    instance: String,
    written: AtomicU64,
}

impl<S: Store> Storage<S> {
    /// Checks this store, under the key `tower-vitals:health`.
    pub fn round_trip(store: S) -> Self {
        Self {
            store,
            key: "tower-vitals:health".to_owned(),
            slow: Duration::from_secs(1),
            instance: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            written: AtomicU64::new(0),
        }
    }

    /// The key it writes under. Defaults to `tower-vitals:health`. Instances may share it: a value that another one wrote a
    /// moment ago is as good as the own.
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

    fn new_value(&self) -> Written {
        Written {
            instance: self.instance.clone(),
            // What is written is read again: no finer than it is written.
            at: Duration::from_millis(milliseconds_since_epoch()),
            count: self.written.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// A value of this check: who wrote it, when, and which of its writes it was.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    instance: String,
    at: Duration,
    count: u64,
}

fn milliseconds_since_epoch() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// How far the clocks of instances may be apart.
const SKEW: Duration = Duration::from_mins(1);

impl Written {
    /// Whether what came back is this, or what another instance wrote since. An own value of earlier is a store that forgot.
    fn is_back(&self, read: &str) -> bool {
        read.parse().is_ok_and(|read: Self| {
            read == *self || (read.instance != self.instance && read.at + SKEW >= self.at)
        })
    }
}

impl fmt::Display for Written {
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

impl FromStr for Written {
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

impl<S: Store> Check for Storage<S> {
    async fn check(&self) -> Outcome {
        let value = self.new_value();
        let started = Instant::now();
        if let Err(error) = self.store.set(&self.key, &value.to_string()).await {
            return Outcome::unhealthy().message(format!("cannot write: {error:#}"));
        }
        let written = started.elapsed();
        let outcome = match self.store.get(&self.key).await {
            Err(error) => Outcome::unhealthy().message(format!("cannot read: {error:#}")),
            Ok(None) => Outcome::unhealthy().message("the value that was written is not there"),
            Ok(Some(read)) if !value.is_back(&read) => {
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
