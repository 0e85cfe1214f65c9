//! `Mood`: whether times are good or bad.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use tokio::time::Instant;

const CYCLE: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

/// Good for 40 s and bad for 20 s, unless somebody decides.
#[derive(Clone)]
pub(crate) struct Mood {
    decided: Arc<AtomicU8>,
    started: Instant,
}

impl Mood {
    pub(crate) fn from_env() -> anyhow::Result<Self> {
        let decided = match env::var("MOOD") {
            Ok(name) => named(&name).ok_or_else(|| {
                anyhow::anyhow!("MOOD is {name:?}: good, bad or cycle is allowed")
            })?,
            Err(_) => CYCLE,
        };
        Ok(Self {
            decided: Arc::new(AtomicU8::new(decided)),
            started: Instant::now(),
        })
    }

    pub(crate) fn is_bad(&self) -> bool {
        match self.decided.load(Ordering::Relaxed) {
            GOOD => false,
            BAD => true,
            _ => self.started.elapsed().as_secs() % 60 >= 40,
        }
    }
}

fn named(name: &str) -> Option<u8> {
    match name {
        "cycle" => Some(CYCLE),
        "good" => Some(GOOD),
        "bad" => Some(BAD),
        _ => None,
    }
}

/// `GET /mood`
pub(crate) async fn show(State(mood): State<Mood>) -> &'static str {
    if mood.is_bad() { "bad\n" } else { "good\n" }
}

/// `POST /mood/{good|bad|cycle}`
pub(crate) async fn set(State(mood): State<Mood>, Path(name): Path<String>) -> StatusCode {
    let Some(decided) = named(&name) else {
        return StatusCode::NOT_FOUND;
    };
    mood.decided.store(decided, Ordering::Relaxed);
    tracing::info!(mood = name, "somebody decided about the times");
    StatusCode::NO_CONTENT
}
