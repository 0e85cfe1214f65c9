//! `Links`: the request cells that a series shows besides its own values.

use std::sync::{Arc, OnceLock};

use crate::cells::RequestCells;

/// The part of request cells that a series shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    InProgress,
    Duration {
        /// Whether a gauge shows the same cells.
        has_gauge: bool,
    },
    /// The endings counted in this slot.
    Ending(usize),
}

pub(super) struct Link {
    pub(super) cells: Arc<RequestCells>,
    pub(super) part: Part,
    next: Links,
}

/// A list that only grows, so that reading it takes no lock. Most series have no link, the others nearly always one.
#[derive(Default)]
pub(super) struct Links(OnceLock<Box<Link>>);

impl Links {
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Link> {
        let first = self.0.get().map(|link| &**link);
        std::iter::successors(first, |link| link.next.0.get().map(|next| &**next))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// Adds a link unless it is there.
    pub(super) fn add(&self, cells: &Arc<RequestCells>, part: Part) {
        let mut links = self;
        loop {
            let link = links.0.get_or_init(|| {
                Box::new(Link {
                    cells: Arc::clone(cells),
                    part,
                    next: Self::default(),
                })
            });
            if link.part == part && Arc::ptr_eq(&link.cells, cells) {
                return;
            }
            links = &link.next;
        }
    }
}
