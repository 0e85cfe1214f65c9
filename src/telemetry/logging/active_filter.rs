//! `ActiveFilter`: the filter of all log lines, which can be replaced while the service runs.

use std::sync::Arc;

use parking_lot::RwLock;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber, span};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter};

/// The target of lines about changes of the filter. They pass every filter, so that no change goes unseen.
pub(super) const CHANGES: &str = "tower_vitals::log_level";

/// Clones are the same filter.
#[derive(Clone)]
pub(super) struct ActiveFilter(Arc<RwLock<EnvFilter>>);

impl ActiveFilter {
    pub(super) fn new(filter: EnvFilter) -> Self {
        Self(Arc::new(RwLock::new(filter)))
    }

    pub(super) fn replace(&self, filter: EnvFilter) {
        let former = std::mem::replace(&mut *self.0.write(), filter);
        drop(former);
        // Lets callsites ask the new filter whether they are enabled. It also sets the maximum level, which `log` needs, too.
        tracing::callsite::rebuild_interest_cache();
        super::log_records::update_max_level();
    }

    /// A filter of fields can run `Debug` of the service, which may log and so come here again.
    fn with<T>(&self, ask: impl FnOnce(&EnvFilter) -> T) -> T {
        ask(&self.0.read_recursive())
    }
}

fn is_change(metadata: &Metadata<'_>) -> bool {
    metadata.target() == CHANGES
}

/// Passes everything on to the filter.
impl<S: Subscriber> Filter<S> for ActiveFilter {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        is_change(metadata) || self.with(|filter| Filter::enabled(filter, metadata, context))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_change(metadata) {
            return Interest::always();
        }
        self.with(|filter| Filter::<S>::callsite_enabled(filter, metadata))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let hint = self.with(Filter::<S>::max_level_hint);
        hint.map(|hint| hint.max(LevelFilter::INFO))
    }

    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        self.with(|filter| Filter::on_new_span(filter, attributes, id, context));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        self.with(|filter| Filter::on_record(filter, id, values, context));
    }

    fn on_enter(&self, id: &span::Id, context: Context<'_, S>) {
        self.with(|filter| Filter::on_enter(filter, id, context));
    }

    fn on_exit(&self, id: &span::Id, context: Context<'_, S>) {
        self.with(|filter| Filter::on_exit(filter, id, context));
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        self.with(|filter| Filter::on_close(filter, id, context));
    }
}
