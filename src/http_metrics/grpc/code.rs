//! `Code`: the status of a gRPC call.

use http::HeaderMap;

use crate::http_metrics::ending::{ERROR, Ending, INTERNAL_ERROR, Status, TIMEOUT};
use crate::http_metrics::outcome::{Outcome, Side};

/// The names in gRPC's `code.proto`, by number. gRPC's own metrics (proposal A66) and OpenTelemetry use them, too.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A status code of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(u8);

impl Code {
    pub(crate) const OK: Self = Self(0);
    const CANCELLED: Self = Self(1);
    const UNKNOWN: Self = Self(2);
    const DEADLINE_EXCEEDED: Self = Self(4);
    const PERMISSION_DENIED: Self = Self(7);
    pub(crate) const UNIMPLEMENTED: Self = Self(12);
    const INTERNAL: Self = Self(13);
    const UNAVAILABLE: Self = Self(14);
    const DATA_LOSS: Self = Self(15);
    const UNAUTHENTICATED: Self = Self(16);

    /// The code that an ending has.
    pub(crate) fn of(ending: Ending) -> Option<Self> {
        let is_defined = |number: &u8| usize::from(*number) < NAMES.len();
        ending.code().filter(is_defined).map(Self)
    }

    pub(crate) fn added_to(self, ending: Ending) -> Ending {
        ending.with_code(self.0)
    }

    pub(crate) fn number(self) -> u8 {
        self.0
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// The `grpc-status` of headers or trailers. A number that gRPC does not define is `UNKNOWN`.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let number = headers.get("grpc-status")?.to_str().ok();
        let number = number.and_then(|number| number.parse().ok());
        let is_defined = |number: &u8| usize::from(*number) < NAMES.len();
        Some(number.filter(is_defined).map_or(Self::UNKNOWN, Self))
    }

    /// The code of an answer that has no `grpc-status` (gRPC, "HTTP to gRPC Status Code Mapping").
    fn of_http(status: Status) -> Self {
        match status {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502..=504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }

    /// The code of a call that ended without a `grpc-status`, as its client sees it.
    pub(crate) fn of_end(side: Side, status: Status, outcome: Outcome) -> Self {
        match (outcome, side) {
            (Outcome::Complete, _) => Self::of_http(status),
            (Outcome::Cancelled | Outcome::BodyDropped, _) => Self::CANCELLED,
            (Outcome::TimedOut, _) => Self::DEADLINE_EXCEEDED,
            (Outcome::Panic, _) | (_, Side::Server) => Self::INTERNAL,
            (_, Side::Client) => Self::UNAVAILABLE,
        }
    }

    /// Whether the call failed. Some codes are the client's fault, which is no error of a server (OpenTelemetry,
    /// "Semantic conventions for gRPC").
    pub(crate) fn is_error(self, side: Side) -> bool {
        match side {
            Side::Client => self != Self::OK,
            Side::Server => matches!(
                self,
                Self::UNKNOWN
                    | Self::DEADLINE_EXCEEDED
                    | Self::UNIMPLEMENTED
                    | Self::INTERNAL
                    | Self::UNAVAILABLE
                    | Self::DATA_LOSS
            ),
        }
    }
}

/// The code of a call, and its ending with this code.
pub(crate) fn ending_of_call(side: Side, ending: Ending, outcome: Outcome) -> (Code, Ending) {
    let code = Code::of(ending).unwrap_or_else(|| Code::of_end(side, ending.status(), outcome));
    (code, code.added_to(ending))
}

/// The endings of calls whose counters begin at zero: those of requests with their codes, and the codes of a handler's
/// errors, whose status is 200.
pub(crate) fn zero_endings_of_calls(requests: impl Iterator<Item = Ending>) -> Vec<Ending> {
    let code = |ending: Ending| match ending.status() {
        ERROR => Code::UNAVAILABLE,
        TIMEOUT => Code::DEADLINE_EXCEEDED,
        INTERNAL_ERROR => Code::INTERNAL,
        status => Code::of_http(status),
    };
    let mut endings: Vec<_> = requests
        .map(|ending| code(ending).added_to(ending))
        .collect();
    if !endings.is_empty() {
        let codes = [Code::UNKNOWN, Code::INTERNAL, Code::UNAVAILABLE];
        endings.extend(codes.map(|code| code.added_to(Ending::new(200))));
    }
    endings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_status_is_unknown() {
        let code = |value: &str| {
            let headers = [("grpc-status", value)].map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().unwrap(),
                    value.parse().unwrap(),
                )
            });
            Code::of_headers(&headers.into_iter().collect())
                .unwrap()
                .name()
        };
        assert_eq!(code("0"), "OK");
        assert_eq!(code("16"), "UNAUTHENTICATED");
        for undefined in ["17", "-1", "999", "ok", ""] {
            assert_eq!(code(undefined), "UNKNOWN");
        }
        assert_eq!(Code::of_headers(&HeaderMap::new()), None);
    }
}
