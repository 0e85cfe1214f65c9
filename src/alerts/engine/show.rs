//! The alerts and the silences as people see them.

use std::time::SystemTime;

use super::engine::Engine;
use super::views::{AlertView, SilenceView};

impl Engine {
    pub(super) fn alerts(&self, now: SystemTime) -> Vec<AlertView> {
        let mut all = Vec::new();
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                let known = open.book.state.explain_all(now);
                all.extend(
                    known
                        .into_iter()
                        .map(|alert| self.view(ledger, open, alert, now)),
                );
            });
        }
        all.sort_by_cached_key(AlertView::cursor);
        all
    }

    pub(super) fn silences(&self, now: SystemTime) -> Vec<SilenceView> {
        let mut all = Vec::new();
        for ledger in self.open_ledgers() {
            ledger.read(|open| {
                let silences = open.book.state.silences(now);
                let silences = silences.filter(|silence| silence.origin.is_none());
                all.extend(
                    silences
                        .map(|silence| SilenceView::new(ledger.name(), &silence.redacted(), now)),
                );
            });
        }
        for (id, silence) in self.shared_silences(now) {
            all.push(SilenceView::named(id.to_string(), &silence.shown(), now));
        }
        all
    }
}
