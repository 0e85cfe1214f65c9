//! Each documented form of a secret, planted wherever it can stand, reaches no sink of a service with log, traces and metrics, and the
//! harmless text around it reaches all of them.

mod forms;
mod plant;

use std::collections::HashSet;
use std::fs;

use prost::Message;
use tower_vitals::telemetry::otel::Protocol;

use self::forms::{PLANTED, forms};
use crate::child::{Played, command, scenario};
use crate::collector::Collector;
use crate::folder::Folder;

const DIR: &str = "LOGGING_DIR";
const COLLECTOR: &str = "LOGGING_COLLECTOR";
/// The file with the answers of routes.
const ANSWERS: &str = "answers";

/// Harmless text beside a secret.
fn kept(form: usize, place: &str) -> String {
    format!("kept-{form:03}-{place}.")
}

/// Places of events and spans of the service, which reach all sinks.
const EVERYWHERE: [&str; 13] = [
    "message", "text", "display", "debug", "bytes", "source", "error", "panic", "names", "span",
    "path", "query", "header",
];

/// Places that only the collector sees.
const TRACED: [&str; 8] = [
    "name",
    "attribute",
    "link",
    "event",
    "status",
    "state",
    "agent",
    "client",
];

#[test]
fn play() {
    if scenario().as_deref() == Some("secrets") {
        plant::plant_all();
    }
}

struct Sink {
    name: &'static str,
    /// In lower case.
    text: String,
}

impl Sink {
    fn new(name: &'static str, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        Self { name, text }
    }

    /// The harmless texts.
    fn kept(&self) -> HashSet<&str> {
        let starts = self.text.match_indices("kept-").map(|(at, _)| at);
        let ends = |start: usize| {
            self.text[start..]
                .find('.')
                .map(|length| start + length + 1)
        };
        starts
            .filter_map(|start| Some(&self.text[start..ends(start)?]))
            .collect()
    }

    /// Where the text holds this. The first places are enough to see.
    fn leaks(&self, secret: &str) -> impl Iterator<Item = String> {
        let places = self.text.match_indices(secret).map(|(at, _)| at);
        places.take(3).map(|at| {
            let start = self.text.floor_char_boundary(at.saturating_sub(100));
            let end = self.text.ceil_char_boundary(self.text.len().min(at + 20));
            format!("{}: {:?}", self.name, &self.text[start..end])
        })
    }
}

#[test]
fn no_sink_holds_a_secret() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    let folder = Folder::new();
    let mut command = command("sinks::play", "secrets");
    command
        .env(DIR, folder.path())
        .env(COLLECTOR, collector.url());
    let played = Played::of(command);
    let bodies: Vec<_> = collector
        .requests()
        .iter()
        .flat_map(Message::encode_to_vec)
        .collect();
    let read = |name| fs::read(folder.file(name)).unwrap();
    let sinks = [
        Sink::new("console", &played.output.stdout),
        Sink::new("alerts.log", &read("alerts.log")),
        Sink::new("app.jsonl", &read("app.jsonl")),
        Sink::new("spans", &bodies),
        Sink::new("answers", &read(ANSWERS)),
        Sink::new("standard error", &played.output.stderr),
    ];
    let forms = forms();
    assert!(forms.len() > 150);
    let encoded = forms.iter().filter_map(|form| form.encoded.as_deref());
    let secrets: Vec<_> = PLANTED.into_iter().chain(encoded).collect();
    let leaks: Vec<_> = sinks
        .iter()
        .flat_map(|sink| secrets.iter().flat_map(|secret| sink.leaks(secret)))
        .collect();
    let count = leaks.len();
    assert!(count == 0, "{count} leaks: {:#?}", &leaks[..count.min(40)]);
    let mut lacks = Vec::new();
    for (place, sinks) in EVERYWHERE
        .map(|place| (place, &sinks[..4]))
        .into_iter()
        .chain(TRACED.map(|place| (place, &sinks[3..4])))
    {
        for sink in sinks {
            let seen = sink.kept();
            let kept = (0..forms.len()).map(|number| kept(number, place));
            lacks.extend(
                kept.filter(|kept| !seen.contains(&**kept))
                    .map(|kept| format!("{}: {kept}", sink.name)),
            );
        }
    }
    assert!(
        lacks.is_empty(),
        "{} texts are missing: {:#?}",
        lacks.len(),
        &lacks[..lacks.len().min(40)]
    );
}
