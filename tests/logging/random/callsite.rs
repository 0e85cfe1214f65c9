//! Call sites with field names that collide.

use tracing::callsite::{Callsite, Identifier};
use tracing::field::FieldSet;
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};

/// The number of fields of each call site.
pub(super) const FIELDS: usize = 30;

const EVENT_FIELDS: &[&str; FIELDS] = &[
    "message",
    "level",
    "message",
    "timestamp",
    "a",
    "a",
    "level_",
    "r#type",
    "type",
    "trace_id",
    "request_id",
    "span_id",
    "trace_flags",
    "weird \"name\"\n\u{1b}\u{2028}",
    "fields_dropped",
    "exception",
    "password",
    "message_",
    "panic.message",
    "b",
    "logger",
    "é",
    "",
    "a",
    "request_id",
    "service",
    "tokens",
    "function",
    "line",
    "module",
];

const OUTER_FIELDS: &[&str; FIELDS] = &[
    "a",
    "level",
    "user",
    "request_id",
    "b",
    "trace_id",
    "message",
    "exception",
    "c",
    "api_key",
    "level__",
    "_",
    "type",
    "span_id",
    "d",
    "timestamp_",
    "panic.message",
    "panic.backtrace",
    "é",
    "e",
    "f",
    "tokens",
    "line",
    "environment",
    "b",
    "g",
    "h",
    "i",
    "trace_flags",
    "A",
];

const INNER_FIELDS: &[&str; FIELDS] = &[
    "user",
    "a",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
    "request_id",
    "trace_id",
    "level",
    "level_",
    "level__",
    "message",
    "message",
    "password",
    "x",
    "y",
    "z",
    "r#x",
    "timestamp",
    "fields_dropped",
    "exception_",
    "span_id",
    "j",
    "k",
    "l",
    "m",
    "n",
];

pub(super) struct Site(&'static Metadata<'static>);

impl Callsite for Site {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.0
    }
}

macro_rules! sites {
    ($($SITE:ident $META:ident: $name:literal $kind:ident $fields:ident;)+) => {
        $(
            static $SITE: Site = Site(&$META);
            pub(super) static $META: Metadata<'static> = Metadata::new(
                $name,
                "tar\"get\u{9b}",
                Level::INFO,
                Some("file.rs"),
                Some(7),
                Some("a::module"),
                FieldSet::new($fields, Identifier(&$SITE)),
                Kind::$kind,
            );
        )+
    };
}

sites! {
    EVENT_SITE EVENT: "event" EVENT EVENT_FIELDS;
    OUTER_SITE OUTER: "outer \n span" SPAN OUTER_FIELDS;
    INNER_SITE INNER: "inner" SPAN INNER_FIELDS;
}

pub(super) static SPANS: [&Metadata<'static>; 2] = [&OUTER, &INNER];
