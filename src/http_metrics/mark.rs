//! `Mark`: tells the layers inside that a request is recorded already.

use std::sync::Arc;

use http::Extensions;
use http::request::Parts;

use super::group::Group;
use super::layer_state::{Found, LayerState};
use super::series::{Series, Target};

/// A request extension of the layer that records the request. Marks of other groups are reached through it.
#[derive(Clone)]
pub(crate) struct Mark(Arc<Layer>);

struct Layer {
    state: Arc<LayerState>,
    group: Arc<Group>,
    target: Arc<Target>,
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
    /// Marks a request that `state` records. Returns its series, which layers inside may change.
    #[cold]
    pub(crate) fn put(
        extensions: &mut Extensions,
        state: &Arc<LayerState>,
        group: &Arc<Group>,
        found: &Found,
    ) -> Arc<Series> {
        group.add_mark();
        let (series, target) = found.series.changeable();
        let above = extensions.remove::<Self>();
        extensions.insert(Self(Arc::new(Layer {
            state: Arc::clone(state),
            group: Arc::clone(group),
            target,
            index: found.series.index(),
            is_named: found.is_named,
            above,
        })));
        series
    }

    /// The mark of a layer of this group.
    pub(crate) fn find(extensions: &Extensions, group: &Arc<Group>) -> Option<Self> {
        let mut mark = extensions.get::<Self>();
        while let Some(found) = mark {
            if Arc::ptr_eq(&found.0.group, group) {
                return Some(found.clone());
            }
            mark = found.0.above.as_ref();
        }
        None
    }

    /// Reports the endpoint that a layer inside, with this state, finds.
    pub(crate) fn report(&self, inside: &LayerState, parts: &Parts) {
        let layer = &*self.0;
        if layer.is_named {
            return;
        }
        let named = inside.named(parts);
        let endpoint = inside.endpoint(named.as_ref(), &parts.extensions);
        if let Some(endpoint) = endpoint {
            let (series, _) = layer.state.lookup(Some(&endpoint), layer.index);
            layer.target.change(series);
        }
    }
}
