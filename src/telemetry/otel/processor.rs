//! `QueueProcessor`: passes spans that end to the queue.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::running::Running;

/// Passes sampled spans that end to the queue. Without one, spans have ids and are not exported.
#[derive(Debug)]
pub(super) struct QueueProcessor(pub(super) Option<Arc<Running>>);

impl SpanProcessor for QueueProcessor {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if let Some(running) = &self.0
            && span.span_context.is_sampled()
        {
            running.queue.push(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// Does not wait: `Tracing::shutdown` flushes.
    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
