//! The events and spans of a test's thread.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(crate) const TARGET: &str = "tower_vitals::request";

pub(crate) type Fields = BTreeMap<String, Value>;

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) level: String,
    pub(crate) target: String,
    pub(crate) fields: Fields,
    /// The numbers of the spans around it, the innermost first.
    pub(crate) spans: Vec<usize>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Span {
    pub(crate) target: String,
    pub(crate) fields: Fields,
    pub(crate) is_closed: bool,
}

#[derive(Debug, Default)]
struct Store {
    lines: Vec<Line>,
    spans: Vec<Span>,
}

/// While a process has one subscriber, tracing disables a callsite for good if a thread without a subscriber reaches it first.
/// A second subscriber prevents that.
static SECOND: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish()));

#[derive(Debug, Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Store>>);

impl Capture {
    /// Captures everything from INFO on.
    pub(crate) fn new() -> (Self, DefaultGuard) {
        Self::at(LevelFilter::INFO)
    }

    pub(crate) fn at(level: LevelFilter) -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let capture = Self::default();
        let subscriber = tracing_subscriber::registry().with(capture.clone().with_filter(level));
        (capture, tracing::subscriber::set_default(subscriber))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap()
    }

    /// The lines of requests.
    pub(crate) fn requests(&self) -> Vec<Line> {
        let store = self.store();
        let lines = store.lines.iter().filter(|line| line.target == TARGET);
        lines.cloned().collect()
    }

    /// The one line of a request.
    #[track_caller]
    pub(crate) fn request(&self) -> Line {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests[0].clone()
    }

    /// The lines with this message.
    pub(crate) fn with_message(&self, message: &str) -> Vec<Line> {
        let store = self.store();
        let lines = store.lines.iter();
        let has_message = |line: &&Line| line.fields.get("message").is_some_and(|is| is == message);
        lines.filter(has_message).cloned().collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.store().spans.clone()
    }

    /// The one span of a request.
    #[track_caller]
    pub(crate) fn span(&self) -> Span {
        let spans = self.spans();
        let spans: Vec<_> = spans.iter().filter(|span| span.target == TARGET).collect();
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans[0].clone()
    }

    /// The request ids that a line shows: its own, and those of its spans.
    pub(crate) fn request_ids(&self, line: &Line) -> Vec<String> {
        let spans = self.spans();
        let spans = line.spans.iter().map(|span| &spans[*span].fields);
        let ids = [&line.fields].into_iter().chain(spans);
        let ids = ids.filter_map(|fields| fields.get("request_id"));
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Everything that was captured, as text.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.store())
    }
}

struct Number(usize);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut store = self.store();
        let mut span = Span {
            target: attributes.metadata().target().to_owned(),
            ..Span::default()
        };
        attributes.record(&mut Collect(&mut span.fields));
        let number = Number(store.spans.len());
        ctx.span(id).unwrap().extensions_mut().insert(number);
        store.spans.push(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let number = number(id, &ctx);
        values.record(&mut Collect(&mut self.store().spans[number].fields));
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut line = Line {
            level: event.metadata().level().to_string(),
            target: event.metadata().target().to_owned(),
            fields: Fields::new(),
            spans: Vec::new(),
        };
        event.record(&mut Collect(&mut line.fields));
        for span in ctx.event_scope(event).into_iter().flatten() {
            line.spans.push(number(&span.id(), &ctx));
        }
        self.store().lines.push(line);
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let number = number(&id, &ctx);
        self.store().spans[number].is_closed = true;
    }
}

fn number<S: Subscriber + for<'a> LookupSpan<'a>>(id: &Id, ctx: &Context<'_, S>) -> usize {
    let span = ctx.span(id).unwrap();
    let extensions = span.extensions();
    extensions.get::<Number>().unwrap().0
}

struct Collect<'a>(&'a mut Fields);

impl Collect<'_> {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.insert(field, format!("{value:?}"));
    }
}
