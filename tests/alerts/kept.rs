//! A channel that keeps what is sent.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};

/// Keeps what is sent.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    sent: Arc<Mutex<Vec<Notification>>>,
}

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "kept"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async {
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
}
