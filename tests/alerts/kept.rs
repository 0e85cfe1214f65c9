//! A channel that keeps what is sent.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};

/// Keeps what is sent, or refuses it.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    sent: Arc<Mutex<Vec<Notification>>>,
    error: Arc<Mutex<Option<DeliveryError>>>,
}

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "kept"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async {
            if let Some(error) = self.error.lock().clone() {
                return Err(error);
            }
            self.sent.lock().push(sent.clone());
            Ok(())
        })
    }
}

impl Kept {
    /// Everything that was sent, the oldest first.
    pub(crate) fn sent(&self) -> Vec<Notification> {
        self.sent.lock().clone()
    }

    /// From now on, each attempt fails.
    pub(crate) fn refuse(&self, error: DeliveryError) {
        *self.error.lock() = Some(error);
    }

    /// From now on, each attempt succeeds.
    pub(crate) fn accept(&self) {
        *self.error.lock() = None;
    }
}
