//! The configuration of gRPC calls, and OpenTelemetry's RPC conventions.

use std::borrow::Cow;

use super::naming::GrpcNaming;
use crate::catalog::{RPC_CLIENT_CALL_DURATION, RPC_SERVER_CALL_DURATION};
use crate::http_metrics::config::{Config, Protocol};
use crate::http_metrics::known_labels::URL_SCHEME;
use crate::http_metrics::naming::{Convention, Named, Naming};
use crate::http_metrics::outcome::Side;

/// The configuration of the calls of a layer.
pub(crate) fn config_of_calls(config: &Config) -> Config {
    let mut calls = Config {
        protocol: Protocol::Grpc,
        naming: naming_of_calls(&config.naming),
        ..config.clone()
    };
    if let GrpcNaming::Rpc(_) = calls.naming.grpc {
        calls
            .request_labels
            .retain(|label| label.name != URL_SCHEME);
        calls.response_body_size = false;
    }
    calls
}

/// The names of gRPC calls. In OpenTelemetry's RPC conventions (1.44) a call has its duration and nothing else. The
/// labels of requests take the names of those that stand in their place.
pub(crate) fn naming_of_calls(naming: &Naming) -> Naming {
    let GrpcNaming::Rpc(status) = &naming.grpc else {
        return naming.clone();
    };
    let duration = match naming.convention.side {
        Side::Server => &RPC_SERVER_CALL_DURATION,
        Side::Client => &RPC_CLIENT_CALL_DURATION,
    };
    Naming {
        requests: None,
        duration: Named::new(duration),
        in_progress: None,
        aborted: None,
        method: Some(Cow::Borrowed("rpc_system_name")),
        endpoint: Cow::Borrowed("rpc_method"),
        status: status.clone(),
        reason: Cow::Borrowed("error_type"),
        convention: Convention {
            names_unmatched: true,
            ..naming.convention
        },
        ..naming.clone()
    }
}
