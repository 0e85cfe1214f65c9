//! One attempt to send a notification.

use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::timeout;

use crate::alerts::channels::{Channel, DeliveryError, Notification};
use crate::panics::{self, Panic};

/// Sends a notification. A panic and a timeout are failures that another attempt may mend.
pub(super) async fn attempt(
    channel: &dyn Channel,
    notification: &Notification,
    longest: Duration,
) -> Result<(), DeliveryError> {
    let panicked = |panic: Panic| {
        let message = format!("the channel panicked: {}", panics::message(&*panic));
        Err(DeliveryError::retry(message))
    };
    let mut sending = match panics::caught_here(|| channel.send(notification)) {
        Ok(future) => Sending(Some(future)),
        Err(panic) => return panicked(panic),
    };
    let Some(future) = &mut sending.0 else {
        return Ok(());
    };
    match timeout(longest, panics::caught(future)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => panicked(panic),
        Err(_) => {
            let message = format!("the channel did not end within {longest:?}");
            Err(DeliveryError::retry(message))
        }
    }
}

/// The future of an attempt. Its drop does not panic.
struct Sending<'a>(Option<BoxFuture<'a, Result<(), DeliveryError>>>);

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let future = self.0.take();
        if let Err(panic) = panics::caught_here(|| drop(future)) {
            let message = panics::message(&*panic);
            tracing::error!(message, "a future of an alert channel panicked in its drop");
        }
    }
}
