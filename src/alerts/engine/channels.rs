//! The channels of an engine, and their tests.

use std::sync::Arc;

use super::engine::Engine;
use super::ledger::Ledger;
use super::when::When;
use crate::alerts::channels::DeliveryError;
use crate::alerts::delivery::{ChannelStatus, Delivery};

impl Engine {
    pub(super) async fn test_channel(&self, name: &str) -> Result<(), DeliveryError> {
        self.hold_if_closed().await;
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
                // A failure of the store is logged there, and the step is written later.
                let _ = ledger
                    .run(When::Now, |book, _, now| {
                        book.notifier.renew(name, now);
                        Ok(())
                    })
                    .await;
            }
        }
        Ok(())
    }

    /// Each channel once, also before the alerts are read from their store.
    pub(super) fn channels(&self) -> Vec<ChannelStatus> {
        let outlets = self.ledgers.first().map(Ledger::outlets);
        let outlets = outlets.unwrap_or_default().iter();
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
}
