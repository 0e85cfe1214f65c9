//! The ring read back: some of its series, tick by tick.

use std::collections::vec_deque;

use super::change::{Held, Reader};
use super::ring::{Ring, Tick};

/// A series at a tick and at the one before.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) was: Held,
    pub(super) now: Held,
}

/// Goes through the ticks of a ring, oldest first.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    ticks: vec_deque::Iter<'a, Tick>,
    ids: Vec<usize>,
    /// In the order of their ids.
    pub(super) tracks: Vec<Track>,
    /// Those that are not yet what they were.
    changed: Vec<usize>,
}

impl<'a> Replay<'a> {
    /// With these series, whose ids ascend.
    pub(super) fn new(ring: &'a Ring, ids: Vec<usize>) -> Self {
        let first = |id: &usize| Track {
            was: Held::Absent,
            now: ring.first(*id).clone(),
        };
        Self {
            ticks: ring.ticks.iter(),
            tracks: ids.iter().map(first).collect(),
            // What they are first is no change, but what they were at the next tick.
            changed: (0..ids.len()).collect(),
            ids,
        }
    }

    /// Goes to the next tick.
    pub(super) fn next(&mut self) -> Option<&'a Tick> {
        let tick = self.ticks.next()?;
        for at in self.changed.drain(..) {
            let track = &mut self.tracks[at];
            track.was.copy(&track.now);
        }
        self.apply(&tick.changes);
        Some(tick)
    }

    fn apply(&mut self, changes: &[u8]) {
        let mut changes = Reader::new(changes);
        let mut passed_over = Held::Absent;
        let mut at = 0;
        while let Some((id, change)) = changes.next() {
            while self.ids.get(at).is_some_and(|own| *own < id) {
                at += 1;
            }
            let held = match self.ids.get(at) {
                Some(own) if *own == id => {
                    self.changed.push(at);
                    &mut self.tracks[at].now
                }
                Some(_) => &mut passed_over,
                // No later one was asked for.
                None => return,
            };
            changes.apply(change, held);
        }
    }
}
