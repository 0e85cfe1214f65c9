//! The builder of the engine: its channels, and its mistakes in one error.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Mode, Notification};

const EVERY: Duration = Duration::from_secs(60);

/// A channel that differs from the defaults in all.
struct Odd;

impl Channel for Odd {
    fn kind(&self) -> &'static str {
        "odd"
    }

    fn send<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async { Err(DeliveryError::rejected("odd")) })
    }

    fn mode(&self) -> Mode {
        Mode::Alerts { every: EVERY }
    }

    fn fingerprint(&self) -> u64 {
        7
    }

    fn deduplicates(&self) -> bool {
        true
    }

    fn takes_acknowledgements(&self) -> bool {
        true
    }
}

#[test]
fn a_channel_that_was_chosen_at_run_time_answers_as_itself() {
    fn answers(channel: impl Channel) {
        assert_eq!(channel.kind(), "odd");
        assert_eq!(channel.mode(), Mode::Alerts { every: EVERY });
        assert_eq!(channel.fingerprint(), 7);
        assert!(channel.deduplicates());
        assert!(channel.takes_acknowledgements());
    }
    answers(Arc::new(Odd));
    answers(Arc::new(Odd) as Arc<dyn Channel>);
}
