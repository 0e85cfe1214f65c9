//! `Code`: the status of a gRPC call.

use http::HeaderMap;

use crate::http_metrics::outcome::{Outcome, Side, Status};

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
            (Outcome::Dropped, _) => Self::CANCELLED,
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

/// The bits of a [`Status`] that hold the HTTP status, which is below 1000. The bits above hold a code plus one, so that
/// requests without one pay nothing for it.
const HTTP_BITS: u32 = 10;

/// The status with this code.
pub(crate) fn with_code(status: Status, code: Code) -> Status {
    http_status(status) | (Status::from(code.0) + 1) << HTTP_BITS
}

/// The code that was put into the status.
pub(crate) fn code_of(status: Status) -> Option<Code> {
    let code = (status >> HTTP_BITS).checked_sub(1)?;
    u8::try_from(code).ok().map(Code)
}

/// The status without its code.
pub(crate) fn http_status(status: Status) -> Status {
    status & ((1 << HTTP_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_holds_every_code_beside_every_http_status() {
        for http in [0, 1, 100, 200, 499, 999] {
            assert_eq!((http_status(http), code_of(http)), (http, None));
            for number in 0..17 {
                let both = with_code(http, Code(number));
                assert_eq!(
                    (http_status(both), code_of(both)),
                    (http, Some(Code(number)))
                );
            }
        }
    }

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
