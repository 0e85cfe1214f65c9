use std::fmt::Write;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::line_sink::LineSink;

pub(super) struct StandIn(pub(super) Arc<dyn LineSink>);

struct Json(serde_json::Map<String, serde_json::Value>);

impl Visit for Json {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.0.insert(field.name().to_owned(), text.into());
    }
}

impl<S: Subscriber> Layer<S> for StandIn {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut json = Json(serde_json::Map::new());
        event.record(&mut json);
        json.0
            .insert("level".into(), metadata.level().as_str().into());
        json.0.insert("logger".into(), metadata.target().into());
        let mut line = serde_json::to_vec(&json.0).unwrap_or_default();
        line.push(b'\n');
        self.0.write(*metadata.level(), &line);
    }
}
