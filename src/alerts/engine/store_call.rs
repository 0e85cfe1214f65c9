//! Calls of the store.

use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::timeout;

use crate::alerts::stores::AlertStore;
use crate::error::{Error, ErrorKind};
use crate::panics;

/// A call of the store that takes longer fails.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls the store, with a timeout and with panics caught.
pub(super) async fn call_store<'a, T>(
    store: &'a dyn AlertStore,
    call: impl FnOnce(&'a dyn AlertStore) -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    let failed = |problem: &str| Err(Error::new(ErrorKind::Io, problem));
    let Ok(future) = panics::caught_here(|| call(store)) else {
        return failed("the store of the alerts panicked");
    };
    match timeout(STORE_TIMEOUT, panics::caught(future)).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => failed("the store of the alerts panicked"),
        Err(_) => failed("the store of the alerts did not answer within 10 s"),
    }
}
