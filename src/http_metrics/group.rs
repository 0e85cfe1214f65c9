//! `Group`: the layers that record the same metrics to the same recorder.
//!
//! Of the layers of a group around each other, the outermost one records a request. The others find it by a [mark] on the
//! request. A mark allocates, so requests are marked only where another layer may be inside: the first request of each
//! series, and all requests once a layer was found inside another one. A layer that is reached by an unmarked request
//! finds the layer above by a note on the thread that is polling it.
//!
//! [mark]: super::mark::Mark

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::naming::{Name, Naming};
use crate::recorder::RecorderRef;

/// The groups of all layers.
static GROUPS: Mutex<Vec<Weak<Group>>> = Mutex::new(Vec::new());

thread_local! {
    static ACTIVE: Cell<Active> = const { Cell::new(Active::NONE) };
}

#[derive(Debug)]
pub(crate) struct Group {
    recorder: RecorderRef,
    names: Vec<Name>,
    /// The marks that exist, and [`NESTED`] once a layer was found inside another one. Zero for layers that are not
    /// nested, so that one load rules marks out.
    state: AtomicU32,
}

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

    /// Whether a request may already be recorded by a layer above.
    #[inline]
    pub(crate) fn may_be_inside(&self) -> bool {
        self.state.load(Ordering::Relaxed) != 0 || Active::current().is_of(self)
    }

    /// Whether one layer of the group was found inside another one.
    #[inline]
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

/// The layer that is being called or polled: the address of its group, and in the lowest bit whether it marked its request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Active(usize);

impl Active {
    /// No layer, or one that does not record its request.
    pub(crate) const NONE: Self = Self(0);

    /// A layer that does not mark its request.
    #[inline]
    pub(crate) fn unmarked(group: Option<&Arc<Group>>) -> Self {
        Self(group.map_or(0, |group| Arc::as_ptr(group).addr()))
    }

    pub(crate) fn marked(self) -> Self {
        Self(self.0 | 1)
    }

    #[inline]
    pub(crate) fn current() -> Self {
        ACTIVE.get()
    }

    #[inline]
    pub(crate) fn is_of(self, group: &Group) -> bool {
        self.0 & !1 == std::ptr::from_ref(group).addr()
    }

    pub(crate) fn is_marked(self) -> bool {
        self.0 & 1 == 1
    }

    /// Calls `inner` as this layer.
    #[inline]
    pub(crate) fn run<T>(self, inner: impl FnOnce() -> T) -> T {
        if self == Self::NONE {
            return inner();
        }
        let _restore = Restore(ACTIVE.replace(self));
        inner()
    }
}

/// Restores the layer above, also after a panic.
struct Restore(Active);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        ACTIVE.set(self.0);
    }
}
