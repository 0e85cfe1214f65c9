//! `Computed`: a closure that computes the values of rules.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::labels::Labels;
use crate::error::{BoxError, Error, with_sources};

/// The values of one run of a closure: each with the labels of its group.
type Values = Vec<(Labels, f64)>;

/// An async closure that computes the values of rules whose signal is [`Signal::computed`](super::Signal::computed).
///
/// ```
/// use tower_vitals::alerts::{Computed, Labels};
///
/// # async fn waiting(_queue: &str) -> Result<u32, std::io::Error> { Ok(3) }
/// let one = Computed::value(async || waiting("mail").await.map(f64::from));
/// let each = Computed::values(async || {
///     let mut values = Vec::new();
///     for queue in ["mail", "invoices"] {
///         let labels = Labels::from([("queue".to_owned(), queue.to_owned())]);
///         values.push((labels, f64::from(waiting(queue).await?)));
///     }
///     Ok::<_, std::io::Error>(values)
/// });
/// ```
#[derive(Clone)]
pub struct Computed {
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<Values, Error>> + Send + Sync>,
}

impl Computed {
    /// A closure that computes one value, which has no labels.
    pub fn value<F, T, E>(compute: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<f64, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::new(compute, |value| vec![(Labels::new(), value)])
    }

    /// A closure that computes several values with their labels.
    pub fn values<F, T, E>(compute: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Vec<(Labels, f64)>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::new(compute, |values| values)
    }

    fn new<F, T, V, E>(compute: F, convert: fn(V) -> Values) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<V, E>> + Send + 'static,
        V: 'static,
        E: Into<BoxError>,
    {
        let run = move || -> BoxFuture<'static, _> {
            let values = compute();
            Box::pin(async move {
                let values = values.await;
                values.map(convert).map_err(|error| failed(error.into()))
            })
        };
        Self { run: Arc::new(run) }
    }

    /// Runs the closure. The engine does so with a timeout, and catches panics.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::alerts::{Computed, Labels};
    ///
    /// let broken = Computed::value(async || Err("no route to the queue"));
    /// let error = broken.run().await.unwrap_err();
    /// assert_eq!(error.to_string(), "no route to the queue");
    ///
    /// let one = Computed::value(async || Ok::<_, tower_vitals::Error>(3.0));
    /// assert_eq!(one.run().await?, [(Labels::new(), 3.0)]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn run(&self) -> BoxFuture<'static, Result<Vec<(Labels, f64)>, Error>> {
        (self.run)()
    }
}

/// The closure's error with its sources in one message.
fn failed(error: BoxError) -> Error {
    Error::external(with_sources(&*error), error)
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computed").finish_non_exhaustive()
    }
}
