//! The channels of the engine: their states, and tests.

use std::sync::Arc;
use std::time::SystemTime;

use super::engine::Engine;
use crate::alerts::channels::DeliveryError;
use crate::alerts::delivery::{ChannelStatus, Delivery};

impl Engine {
    /// Each channel once, also before the alerts are read from their store.
    pub(super) fn channels(&self) -> Vec<ChannelStatus> {
        // All ledgers have the same ones.
        let plan = self.ledgers.first().map(|ledger| &ledger.plan);
        let outlets = plan.into_iter().flat_map(|plan| &plan.channels);
        let mut channels: Vec<_> = outlets.map(ChannelStatus::of).collect();
        for ledger in self.open_ledgers() {
            let statuses = ledger.read(|open| open.delivery.channels());
            // They are in the order of their configuration.
            for (channel, status) in channels.iter_mut().zip(statuses.unwrap_or_default()) {
                channel.add(status);
            }
        }
        channels
    }

    pub(super) async fn test_channel(&self, name: &str) -> Result<(), DeliveryError> {
        self.hold_if_closed(SystemTime::now()).await;
        let is_stopped = |delivery: &Delivery| {
            let mut channels = delivery.channels().into_iter();
            channels.any(|channel| channel.name == name && channel.stopped.is_some())
        };
        let open = self.open_ledgers().filter_map(|ledger| {
            let delivery = ledger.read(|open| Arc::clone(&open.delivery))?;
            let is_stopped = is_stopped(&delivery);
            Some((ledger, delivery, is_stopped))
        });
        let mut open: Vec<_> = open.collect();
        // Each ledger stops the channel for itself, so each of them must see the test.
        if open.iter().any(|(.., is_stopped)| *is_stopped) {
            open.retain(|(.., is_stopped)| *is_stopped);
        } else {
            open.truncate(1);
        }
        if open.is_empty() {
            return Err(DeliveryError::retry(
                "the store of the alerts cannot be reached",
            ));
        }
        for (ledger, delivery, was_stopped) in open {
            delivery.test(name).await?;
            if was_stopped {
                let now = SystemTime::now();
                // A failure of the store is logged there, and the step is written later.
                let _ = ledger
                    .run(now, |book, _| {
                        book.notifier.renew(name, now);
                        Ok(())
                    })
                    .await;
            }
        }
        Ok(())
    }
}
