//! `Mark`: tells the layers inside that a request is recorded already.

use std::sync::Arc;

use http::Extensions;
use http::request::Parts;

use super::current_series::CurrentSeries;
use super::group::{Active, Group};
use super::labels::EndpointName;
use super::layer_state::{Found, LayerState};

/// A request extension of the layer that records the request. Marks of other groups are reached through it.
#[derive(Clone)]
pub(crate) struct Mark(Arc<Layer>);

struct Layer {
    state: Arc<LayerState>,
    group: Arc<Group>,
    series: Arc<CurrentSeries>,
    /// The index of the request's labels among those of its endpoint.
    index: usize,
    /// Whether the layer's endpoint function named the endpoint.
    is_named: bool,
    above: Option<Mark>,
}

impl Drop for Layer {
    fn drop(&mut self) {
        self.group.remove_mark();
    }
}

impl Mark {
    /// Marks a request that `state` records. Layers inside may change its series.
    #[cold]
    pub(crate) fn put(
        extensions: &mut Extensions,
        state: &Arc<LayerState>,
        group: &Arc<Group>,
        found: &Found,
    ) -> Arc<CurrentSeries> {
        group.add_mark();
        let current = Arc::new(CurrentSeries::new(Arc::clone(&found.series)));
        let above = extensions.remove::<Self>();
        extensions.insert(Self(Arc::new(Layer {
            state: Arc::clone(state),
            group: Arc::clone(group),
            series: Arc::clone(&current),
            index: found.series.index(),
            is_named: found.is_named,
            above,
        })));
        current
    }

    /// The mark of a group's layer.
    fn find(extensions: &Extensions, group: &Arc<Group>) -> Option<Self> {
        let mut mark = extensions.get::<Self>();
        while let Some(found) = mark {
            if Arc::ptr_eq(&found.0.group, group) {
                return Some(found.clone());
            }
            mark = found.0.above.as_ref();
        }
        None
    }

    /// Reports the endpoint that a layer inside found.
    pub(crate) fn report(&self, endpoint: &EndpointName<'_>) {
        let layer = &*self.0;
        if !layer.is_named {
            let (series, _) = layer.state.lookup(Some(endpoint), layer.index);
            layer.series.change(series);
        }
    }
}

/// A layer of the same group that already records the request.
pub(crate) enum Above {
    Marked(Mark),
    /// It began before the layer inside was known.
    Unmarked,
}

impl Above {
    #[cold]
    pub(crate) fn find(group: &Arc<Group>, extensions: &Extensions) -> Option<Self> {
        if let Some(mark) = Mark::find(extensions, group) {
            group.set_nested();
            return Some(Self::Marked(mark));
        }
        let active = Active::current();
        if !active.is_of(group) {
            return None;
        }
        group.set_nested();
        // A marked request is another one than this: the service above has sent this one itself.
        (!active.is_marked()).then_some(Self::Unmarked)
    }

    /// Reports the endpoint of the request to the layer above.
    pub(crate) fn report(&self, state: &LayerState, parts: &Parts) {
        let Self::Marked(mark) = self else { return };
        let named = state.named(parts);
        if let Some(endpoint) = state.endpoint(named.as_ref(), &parts.extensions) {
            mark.report(&endpoint);
        }
    }
}
