//! `GrpcNaming`: the names of gRPC calls.

use std::borrow::Cow;

type Name = Cow<'static, str>;

/// How gRPC calls are named.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GrpcNaming {
    /// As requests, with their gRPC status in this further label.
    Requests(Name),
    /// As OpenTelemetry's RPC conventions name them, with the gRPC status in this label.
    Rpc(Name),
}

impl GrpcNaming {
    pub(crate) fn set_status(&mut self, name: Name) {
        match self {
            Self::Requests(status) | Self::Rpc(status) => *status = name,
        }
    }
}
