//! Events: of one type, or told apart by patterns as they pass.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use metrics::Recorder;
use pin_project_lite::pin_project;

use super::totals::Total;
use crate::catalog::EVENTS;
use crate::error::Error;
use crate::recorder::RecorderRef;

/// Events of one type: `events_total{event_type}`.
///
/// ```
/// use tower_vitals::instrument::Events;
///
/// let placed = Events::of("order.placed");
/// placed.record();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Events {
    total: Arc<Total>,
}

impl Events {
    /// Events of this type.
    pub fn of(event_type: impl Into<Cow<'static, str>>) -> Self {
        Self {
            total: Arc::new(Total::new(&EVENTS, [event_type.into()])),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.on(&RecorderRef::new(recorder))
    }

    fn on(&self, recorder: &RecorderRef) -> Self {
        Self {
            total: Arc::new(self.total.recorder(recorder)),
        }
    }

    /// One took place.
    pub fn record(&self) {
        self.total.add(1);
    }

    /// So many took place.
    pub fn record_many(&self, count: u64) {
        self.total.add(count);
    }
}

/// Events of types that are told apart by patterns: `events_total{event_type}`, where `event_type` is the first pattern that
/// matches the event's name, or `other`. However many names there are, there are no more series than patterns.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use tower_vitals::instrument::EventTypes;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// let types = EventTypes::patterns(["order.placed", "internal.*"])?;
/// types.record("internal.cache.evicted");
///
/// // What passes through a stream:
/// let events = stream::iter(["order.placed", "user.created"]);
/// let passed: Vec<_> = types.track(events, |event| *event).collect().await;
/// assert_eq!(passed, ["order.placed", "user.created"]);
/// # Ok(()) }
/// ```
///
/// A tokio broadcast receiver becomes a stream by `tokio_stream`'s `BroadcastStream`, or is recorded where it is read.
#[derive(Debug, Clone)]
#[must_use]
pub struct EventTypes {
    types: Arc<[(Pattern, Events)]>,
    other: Events,
}

#[derive(Debug, Clone)]
enum Pattern {
    Name(String),
    /// What comes before the `*` at its end.
    Prefix(String),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, Error> {
        let pattern = match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Name(text.to_owned()),
        };
        let (Self::Name(plain) | Self::Prefix(plain)) = &pattern;
        if text.is_empty() || plain.contains('*') {
            return Err(Error::invalid(format!(
                "event pattern {text:?} is refused: a name is allowed, or the beginning of names with one * at its end"
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
    /// Tells these apart, in this order: names, or beginnings of names with a `*` at the end.
    ///
    /// # Errors
    ///
    /// A pattern is empty, or has a `*` elsewhere than at its end.
    pub fn patterns<P: Into<Cow<'static, str>>>(
        patterns: impl IntoIterator<Item = P>,
    ) -> Result<Self, Error> {
        let types = patterns.into_iter().map(|pattern| {
            let pattern = pattern.into();
            Ok((Pattern::parse(&pattern)?, Events::of(pattern)))
        });
        Ok(Self {
            types: types.collect::<Result<_, Error>>()?,
            other: Events::of("other"),
        })
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let recorder = RecorderRef::new(recorder);
        let types = self.types.iter();
        Self {
            types: types
                .map(|(pattern, events)| (pattern.clone(), events.on(&recorder)))
                .collect(),
            other: self.other.on(&recorder),
        }
    }

    /// An event of this name took place.
    pub fn record(&self, name: &str) {
        let mut types = self.types.iter();
        let matching = types.find(|(pattern, _)| pattern.matches(name));
        matching.map_or(&self.other, |(_, events)| events).record();
    }

    /// Records what passes through a stream, by the name that `name` reads from each item.
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
    /// The stream that [`EventTypes::track`] makes: the same items, each recorded as it passes.
    #[must_use = "a stream does nothing before it is read"]
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

impl<S: fmt::Debug, F> fmt::Debug for Tracked<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked")
            .field("stream", &self.stream)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}
