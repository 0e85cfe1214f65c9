//! `Group`: the layers that record the same metrics to the same recorder.
//!
//! Of the layers of a group around each other, the outermost one records a request. The others find it by a [mark] on the
//! request. A mark allocates, so requests are marked only where another layer may be inside: the first request of each
//! series, and all requests once a layer was found inside another one. If a layer is first reached by an unmarked request,
//! as when earlier requests were rejected on the way, then it records the request itself and [tells] the layer above in
//! the response.
//!
//! [mark]: super::mark::Mark
//! [tells]: super::counted::Counted

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
    /// The number of marks, and [`NESTED`]. Zero for layers that are not nested, so that one load rules marks out.
    state: AtomicU32,
}

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
                state: AtomicU32::new(0),
            });
            groups.push(Arc::downgrade(&group));
            group
        })
    }

    /// Whether requests may be marked.
    #[inline]
    pub(crate) fn has_marks(&self) -> bool {
        self.state.load(Ordering::Relaxed) != 0
    }

    /// Whether one layer of the group was found inside another one.
    pub(crate) fn is_nested(&self) -> bool {
        self.state.load(Ordering::Relaxed) & NESTED != 0
    }

    pub(crate) fn set_nested(&self) {
        self.state.fetch_or(NESTED, Ordering::Relaxed);
    }

    pub(crate) fn add_mark(&self) {
        self.state.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_mark(&self) {
        self.state.fetch_sub(1, Ordering::Relaxed);
    }
}
