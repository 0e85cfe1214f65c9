//! `Group`: the layers that record the same metrics to the same recorder.
//!
//! Of the layers of a group around each other, the outermost one records a request. The others find it by a [mark] on the
//! request. A mark allocates, so requests are marked only where another layer may be inside: the request that begins a
//! series and the next [`PROBES`], and all requests once a layer was found inside another one. If none of these reached the
//! inner layer, because all were rejected on the way, the first request that reaches it counts twice. It begins a series of
//! the inner layer, so the next one is marked. Marks in the response or notes on the thread would find that request too,
//! and cost every request about 10 ns.
//!
//! [mark]: super::mark::Mark

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::naming::{Name, Naming};
use crate::recorder::RecorderRef;

/// The groups of all layers.
static GROUPS: Mutex<Vec<Weak<Group>>> = Mutex::new(Vec::new());

/// Aligned, because every request reads its state, and the heap around it is written.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Group {
    recorder: RecorderRef,
    names: Vec<Name>,
    /// The number of marks, and [`NESTED`].
    marks: AtomicU32,
    /// The number of requests that are still to be marked.
    probes: AtomicU32,
}

/// The number of requests that are marked after one that began a series.
const PROBES: u32 = 1_000;

/// Set once a layer was found inside another one.
const NESTED: u32 = 1 << 31;

impl Group {
    /// The group of a layer with this recorder and this naming.
    pub(crate) fn of(recorder: &RecorderRef, naming: &Naming) -> Arc<Self> {
        let names: Vec<_> = naming.families().map(|named| named.name.clone()).collect();
        let mut groups = GROUPS.lock();
        groups.retain(|group| group.strong_count() > 0);
        let mut known = groups.iter().filter_map(Weak::upgrade);
        let known = known.find(|group| group.recorder.is_same(recorder) && group.names == names);
        known.unwrap_or_else(|| {
            let group = Arc::new(Self {
                recorder: recorder.clone(),
                names,
                marks: AtomicU32::new(0),
                probes: AtomicU32::new(0),
            });
            groups.push(Arc::downgrade(&group));
            group
        })
    }

    /// Whether requests are or may be marked. False for layers that are not nested, but at their start.
    #[inline]
    pub(crate) fn has_marks(&self) -> bool {
        self.marks.load(Ordering::Relaxed) | self.probes.load(Ordering::Relaxed) != 0
    }

    /// Whether to mark the next request.
    pub(crate) fn marks(&self, begins_series: bool) -> bool {
        if begins_series {
            self.probes.store(PROBES, Ordering::Relaxed);
            return true;
        }
        let is_nested = self.marks.load(Ordering::Relaxed) & NESTED != 0;
        is_nested || self.takes_probe()
    }

    fn takes_probe(&self) -> bool {
        let less = |probes: u32| probes.checked_sub(1);
        let taken = self
            .probes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }

    pub(crate) fn set_nested(&self) {
        self.marks.fetch_or(NESTED, Ordering::Relaxed);
    }

    pub(crate) fn add_mark(&self) {
        self.marks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_mark(&self) {
        self.marks.fetch_sub(1, Ordering::Relaxed);
    }
}
