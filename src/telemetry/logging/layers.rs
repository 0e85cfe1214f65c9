//! `Layers`: the layers of the log as one.

use tracing::{Dispatch, Event, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::dispatching::dispatching;

/// A layer for a subscriber that keeps spans, such as `tracing_subscriber`'s registry.
pub(super) type AnyLayer<S> = Box<dyn Layer<S> + Send + Sync>;

/// Unlike a `Vec`, passes the dispatch on, without which an event with an explicit parent has no trace.
pub(super) struct Layers<S>(pub(super) Vec<AnyLayer<S>>);

impl<S: Subscriber> Layer<S> for Layers<S> {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        for layer in &self.0 {
            layer.on_register_dispatch(dispatch);
        }
    }

    fn on_layer(&mut self, subscriber: &mut S) {
        for layer in &mut self.0 {
            layer.on_layer(subscriber);
        }
    }

    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        dispatching(|| {
            for layer in &self.0 {
                layer.on_new_span(attributes, id, context.clone());
            }
        });
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        dispatching(|| {
            for layer in &self.0 {
                layer.on_record(id, values, context.clone());
            }
        });
    }

    fn on_follows_from(&self, id: &span::Id, follows: &span::Id, context: Context<'_, S>) {
        for layer in &self.0 {
            layer.on_follows_from(id, follows, context.clone());
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        dispatching(|| {
            for layer in &self.0 {
                layer.on_event(event, context.clone());
            }
        });
    }

    fn on_enter(&self, id: &span::Id, context: Context<'_, S>) {
        for layer in &self.0 {
            layer.on_enter(id, context.clone());
        }
    }

    fn on_exit(&self, id: &span::Id, context: Context<'_, S>) {
        for layer in &self.0 {
            layer.on_exit(id, context.clone());
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        for layer in &self.0 {
            layer.on_close(id.clone(), context.clone());
        }
    }

    fn on_id_change(&self, old: &span::Id, new: &span::Id, context: Context<'_, S>) {
        for layer in &self.0 {
            layer.on_id_change(old, new, context.clone());
        }
    }
}
