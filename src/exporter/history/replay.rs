//! `Replay`: reads some series of a ring back, tick by tick.

use std::collections::vec_deque;

use super::delta_codec::DeltaDecoder;
use super::ring::{Ring, Tick};
use super::sample::Sample;
use super::track::Track;

/// Iterates over the ticks of a ring, oldest first.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    ticks: vec_deque::Iter<'a, Tick>,
    ids: Vec<usize>,
    /// In the order of `ids`.
    pub(super) tracks: Vec<Track>,
    /// Indexes of the tracks whose previous sample is outdated.
    outdated: Vec<usize>,
}

impl<'a> Replay<'a> {
    /// Replays the series with these ids, which must ascend.
    pub(super) fn new(ring: &'a Ring, ids: Vec<usize>) -> Self {
        let track = |id: &usize| Track {
            previous: Sample::Absent,
            current: ring.oldest_sample(*id).clone(),
        };
        Self {
            ticks: ring.ticks.iter(),
            tracks: ids.iter().map(track).collect(),
            outdated: (0..ids.len()).collect(),
            ids,
        }
    }

    /// Advances to the next tick.
    pub(super) fn next(&mut self) -> Option<&'a Tick> {
        let tick = self.ticks.next()?;
        for index in self.outdated.drain(..) {
            let track = &mut self.tracks[index];
            track.previous.copy_from(&track.current);
        }
        self.apply(&tick.changes);
        Some(tick)
    }

    fn apply(&mut self, changes: &[u8]) {
        let mut changes = DeltaDecoder::new(changes);
        let mut skipped = Sample::Absent;
        let mut index = 0;
        while let Some((id, kind)) = changes.next_series() {
            while self.ids.get(index).is_some_and(|own| *own < id) {
                index += 1;
            }
            let sample = match self.ids.get(index) {
                Some(own) if *own == id => {
                    self.outdated.push(index);
                    &mut self.tracks[index].current
                }
                Some(_) => &mut skipped,
                // All requested series are before this one.
                None => return,
            };
            changes.apply(kind, sample);
        }
    }
}
