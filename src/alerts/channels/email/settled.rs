//! `Settled`: the recipients that a repeated delivery leaves out.

use std::collections::{BTreeSet, VecDeque};

use lettre::Address;
use parking_lot::Mutex;
use uuid::Uuid;

/// The deliveries that are remembered.
const MAX_DELIVERIES: usize = 64;

/// The recipients that have a notification already, or never will, while others wait for another attempt.
#[derive(Default)]
pub(super) struct Settled(Mutex<VecDeque<(Uuid, BTreeSet<Address>)>>);

impl Settled {
    /// Those of the recipients that are not settled.
    pub(super) fn open(&self, id: Uuid, recipients: impl Iterator<Item = Address>) -> Vec<Address> {
        let deliveries = self.0.lock();
        let settled = deliveries.iter().find(|(known, _)| *known == id);
        let is_open = |it: &Address| settled.is_none_or(|(_, settled)| !settled.contains(it));
        recipients.filter(is_open).collect()
    }

    pub(super) fn settle(&self, id: Uuid, recipients: impl Iterator<Item = Address>) {
        let mut deliveries = self.0.lock();
        if let Some((_, settled)) = deliveries.iter_mut().find(|(known, _)| *known == id) {
            settled.extend(recipients);
            return;
        }
        if deliveries.len() == MAX_DELIVERIES {
            deliveries.pop_front();
        }
        deliveries.push_back((id, recipients.collect()));
    }

    /// The notification is not sent again.
    pub(super) fn forget(&self, id: Uuid) {
        self.0.lock().retain(|(known, _)| *known != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(names: &[&str]) -> impl Iterator<Item = Address> {
        let all: Vec<_> = names
            .iter()
            .map(|name| Address::new(name, "example.com").unwrap())
            .collect();
        all.into_iter()
    }

    #[test]
    fn only_open_recipients_are_tried_again_until_the_delivery_is_forgotten() {
        let settled = Settled::default();
        let id = Uuid::from_u128(1);
        let open = |id| settled.open(id, addresses(&["a", "b", "c"]));
        assert_eq!(open(id).len(), 3);
        settled.settle(id, addresses(&["a"]));
        settled.settle(id, addresses(&["c"]));
        assert_eq!(open(id), addresses(&["b"]).collect::<Vec<_>>());
        assert_eq!(open(Uuid::from_u128(2)).len(), 3);
        settled.forget(id);
        assert_eq!(open(id).len(), 3);
    }

    #[test]
    fn the_oldest_delivery_gives_way() {
        let settled = Settled::default();
        for id in 0..=MAX_DELIVERIES as u128 {
            settled.settle(Uuid::from_u128(id), addresses(&["a"]));
        }
        assert_eq!(settled.0.lock().len(), MAX_DELIVERIES);
        let open = |id| settled.open(Uuid::from_u128(id), addresses(&["a"])).len();
        assert_eq!((open(0), open(1)), (1, 0));
    }
}
