//! `StateHandle`: the state of a layer, as a service holds it.

use std::ops::Deref;
use std::sync::Arc;

use super::layer_state::LayerState;
use super::per_thread::PerThread;

/// axum clones a service for each request. The clone of a thread that does so often holds the thread's copy of the state, so
/// that threads do not share its reference count either. Two threads on one axum route serve a request in 347 ns with it and in
/// 375 ns without.
#[derive(Debug)]
pub(crate) struct StateHandle {
    state: Arc<LayerState>,
    /// The copies for clones. A clone that holds a copy has none, so that it holds one count only.
    copies: Option<Arc<PerThread<LayerState>>>,
}

impl StateHandle {
    pub(crate) fn new(state: &Arc<PerThread<LayerState>>) -> Self {
        Self {
            state: Arc::clone(state.shared()),
            copies: Some(Arc::clone(state)),
        }
    }
}

impl Clone for StateHandle {
    #[inline]
    fn clone(&self) -> Self {
        let copy = self.copies.as_ref();
        match copy.and_then(|copies| copies.get_copy(|state| Some(state.thread_copy()))) {
            Some(copy) => Self {
                state: Arc::clone(copy),
                copies: None,
            },
            None => Self {
                state: Arc::clone(&self.state),
                copies: self.copies.clone(),
            },
        }
    }
}

impl Deref for StateHandle {
    type Target = Arc<LayerState>;

    #[inline]
    fn deref(&self) -> &Arc<LayerState> {
        &self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_metrics::config::Config;
    use crate::http_metrics::naming::Naming;

    #[test]
    fn clones_of_a_busy_thread_hold_its_copy_until_the_last_handle_is_dropped() {
        let state = LayerState::new(Config::new(Naming::prometheus()));
        let layer = Arc::new(PerThread::new(state));
        let service = StateHandle::new(&layer);
        assert!(Arc::ptr_eq(&service.clone(), &service));
        for _ in 0..1_000 {
            drop(service.clone());
        }
        let (one, other) = (service.clone(), service.clone());
        assert!(Arc::ptr_eq(&one, &other) && Arc::ptr_eq(&one, &one.clone()));
        assert!(!Arc::ptr_eq(&one, &service));

        let states = [Arc::downgrade(&service), Arc::downgrade(&one)];
        drop((layer, service, other));
        assert!(states[1].upgrade().is_some());
        drop(one);
        assert!(states.iter().all(|state| state.upgrade().is_none()));
    }
}
