//! The keys of the format, and the fields that collide with them.

/// A key that a field of this name provides, if its value has the form of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdKey {
    RequestId,
    TraceId,
    SpanId,
    TraceFlags,
}

impl IdKey {
    pub(super) const ALL: [Self; 4] = [
        Self::RequestId,
        Self::TraceId,
        Self::SpanId,
        Self::TraceFlags,
    ];

    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "request_id" => Self::RequestId,
            "trace_id" => Self::TraceId,
            "span_id" => Self::SpanId,
            "trace_flags" => Self::TraceFlags,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RequestId => "request_id",
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::TraceFlags => "trace_flags",
        }
    }

    /// The number of hexadecimal digits (OpenTelemetry, "Trace Context in non-OTLP Log Formats").
    pub(super) fn digits(self) -> Option<usize> {
        match self {
            Self::RequestId => None,
            Self::TraceId => Some(32),
            Self::SpanId => Some(16),
            Self::TraceFlags => Some(2),
        }
    }
}

/// Whether a field of this name collides with a key: it is one, or one with underscores after it. Such a field gets one
/// more underscore, so that no two names become one.
pub(super) fn collides(name: &str) -> bool {
    matches!(
        name.trim_end_matches('_'),
        "timestamp"
            | "level"
            | "logger"
            | "message"
            | "module"
            | "function"
            | "line"
            | "exception"
            | "service"
            | "environment"
            | "request_id"
            | "trace_id"
            | "span_id"
            | "trace_flags"
            | "fields_dropped"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_collide_with_and_without_underscores() {
        for name in ["level", "level_", "level__", "fields_dropped", "line_"] {
            assert!(collides(name), "{name}");
        }
        for name in ["", "_", "_level", "levels", "Level", "level.", "request"] {
            assert!(!collides(name), "{name}");
        }
        for key in IdKey::ALL {
            assert_eq!(IdKey::of(key.name()), Some(key));
            assert!(collides(key.name()));
        }
    }
}
