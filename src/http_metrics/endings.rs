//! `Endings`: handles of endings, registered at their first use.

use std::sync::OnceLock;

use super::cache::Registration;
use super::ending::Ending;
use super::ending_handles::EndingHandles;

/// Handles by ending, in the order of first use.
#[derive(Default)]
pub(crate) struct Endings {
    slots: [OnceLock<EndingHandles>; 4],
    more: OnceLock<Box<Endings>>,
}

impl Endings {
    pub(crate) fn count(
        &self,
        ending: Ending,
        nanos: u64,
        register: impl Fn() -> Registration<EndingHandles>,
    ) {
        let mut endings = self;
        while !endings
            .slots
            .iter()
            .any(|slot| count_in(slot, ending, nanos, &register))
        {
            endings = endings.more.get_or_init(Box::default);
        }
    }
}

/// Counts in this slot if it is free or belongs to the ending. Returns whether it did.
pub(crate) fn count_in(
    slot: &OnceLock<EndingHandles>,
    ending: Ending,
    nanos: u64,
    register: impl Fn() -> Registration<EndingHandles>,
) -> bool {
    let handles = match slot.get() {
        Some(handles) => handles,
        None => match register() {
            Registration::Registered(handles) => slot.get_or_init(|| handles),
            Registration::Detached(handles) => {
                handles.count(nanos);
                return true;
            }
        },
    };
    let is_match = handles.ending == ending;
    if is_match {
        handles.count(nanos);
    }
    is_match
}
