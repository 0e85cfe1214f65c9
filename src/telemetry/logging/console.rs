//! `Console`: where the lines of the console go.

use std::env;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use super::console_sink::ConsoleSink;
use super::line_sink::LineSink;
use crate::recorder::RecorderRef;

/// The destination of the lines for people and container platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Console {
    /// Standard output, which container platforms collect.
    #[default]
    Stdout,
    /// Standard error, for programs whose output is data.
    Stderr,
    /// No console.
    Off,
}

impl Console {
    pub(super) fn sink(self, recorder: &RecorderRef) -> Option<Arc<dyn LineSink>> {
        match self {
            Self::Stdout => Some(Arc::new(ConsoleSink::new(io::stdout, recorder))),
            Self::Stderr => Some(Arc::new(ConsoleSink::new(io::stderr, recorder))),
            Self::Off => None,
        }
    }

    /// Whether lines may have colours: only on a terminal, and not if `NO_COLOR` is set (<https://no-color.org>).
    pub(super) fn has_colours(self) -> bool {
        let is_terminal = match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
            Self::Off => false,
        };
        is_terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }
}
