use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use metrics::Recorder;
use pin_project_lite::pin_project;

use super::events::Events;
use crate::error::Error;
use crate::recorder::RecorderRef;

/// Events whose types are found by patterns: `events_total{event_type}`, where `event_type` is the first pattern that
/// matches the event's name, or `other`. There is at most one series per pattern, however many names there are.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use tower_vitals::instrument::EventTypes;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// let types = EventTypes::new(["order.placed", "internal.*"])?;
/// types.record("internal.cache.evicted");
///
/// let events = stream::iter(["order.placed", "user.created"]);
/// let passed: Vec<_> = types.track(events, |event| *event).collect().await;
/// assert_eq!(passed, ["order.placed", "user.created"]);
/// # Ok(()) }
/// ```
///
/// To track a tokio broadcast receiver, wrap it in `tokio_stream`'s `BroadcastStream`.
#[derive(Debug, Clone)]
#[must_use]
pub struct EventTypes {
    types: Arc<[(Pattern, Events)]>,
    other: Events,
}

#[derive(Debug, Clone)]
enum Pattern {
    Name(String),
    /// The text before the final `*`.
    Prefix(String),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, Error> {
        let pattern = match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Name(text.to_owned()),
        };
        let (Self::Name(literal) | Self::Prefix(literal)) = &pattern;
        if text.is_empty() || literal.contains('*') {
            return Err(Error::invalid(format!(
                "event pattern {text:?} is refused: a name is allowed, or a prefix followed by *"
            )));
        }
        Ok(pattern)
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
        }
    }
}

impl EventTypes {
    /// Creates an instrument with these patterns, which are tried in order. A pattern is a name, or a prefix followed by `*`.
    ///
    /// # Errors
    ///
    /// A pattern is empty, or has a `*` before its end. The error names all such patterns.
    pub fn new<P: Into<Cow<'static, str>>>(
        patterns: impl IntoIterator<Item = P>,
    ) -> Result<Self, Error> {
        let (mut types, mut mistakes) = (Vec::new(), Vec::new());
        for pattern in patterns.into_iter().map(Into::into) {
            match Pattern::parse(&pattern) {
                Ok(parsed) => types.push((parsed, Events::new(pattern))),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        Error::combine(mistakes)?;
        Ok(Self {
            types: types.into(),
            other: Events::new("other"),
        })
    }

    /// Sets the recorder. Defaults to the recorder of the `metrics` facade.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let recorder = RecorderRef::new(recorder);
        let types = self.types.iter();
        Self {
            types: types
                .map(|(pattern, events)| (pattern.clone(), events.with_recorder(&recorder)))
                .collect(),
            other: self.other.with_recorder(&recorder),
        }
    }

    /// Counts an event of this name.
    pub fn record(&self, name: &str) {
        let mut types = self.types.iter();
        let matching = types.find(|(pattern, _)| pattern.matches(name));
        matching.map_or(&self.other, |(_, events)| events).record();
    }

    /// Counts the items that pass through a stream. `name` returns the name of an item.
    pub fn track<S, F, N>(&self, stream: S, name: F) -> Tracked<S, F>
    where
        S: Stream,
        F: Fn(&S::Item) -> N,
        N: AsRef<str>,
    {
        Tracked {
            stream,
            name,
            types: self.clone(),
        }
    }
}

pin_project! {
    /// The stream of [`EventTypes::track`]: the items of the inner stream, counted as they pass.
    #[must_use = "streams do nothing unless polled"]
    pub struct Tracked<S, F> {
        #[pin]
        stream: S,
        name: F,
        types: EventTypes,
    }
}

impl<S, F, N> Stream for Tracked<S, F>
where
    S: Stream,
    F: Fn(&S::Item) -> N,
    N: AsRef<str>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let polled = this.stream.poll_next(cx);
        if let Poll::Ready(Some(item)) = &polled {
            this.types.record((this.name)(item).as_ref());
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

debug_fields!(Tracked<S: fmt::Debug, F> { stream, types });
