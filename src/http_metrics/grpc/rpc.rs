//! OpenTelemetry's RPC conventions.

use std::borrow::Cow;

use super::naming::GrpcNaming;
use crate::catalog::{RPC_CLIENT_CALL_DURATION, RPC_SERVER_CALL_DURATION};
use crate::http_metrics::naming::{Named, Naming};
use crate::http_metrics::outcome::Side;

/// The names of gRPC calls. In OpenTelemetry's RPC conventions (1.44) a call has its duration and nothing else. The
/// labels of requests take the names of those that stand in their place.
pub(crate) fn naming_of_calls(naming: &Naming, side: Side) -> Naming {
    let GrpcNaming::Rpc(status) = &naming.grpc else {
        return naming.clone();
    };
    Naming {
        requests: None,
        duration: Named::new(match side {
            Side::Server => &RPC_SERVER_CALL_DURATION,
            Side::Client => &RPC_CLIENT_CALL_DURATION,
        }),
        in_progress: None,
        aborted: None,
        method: Cow::Borrowed("rpc_system_name"),
        endpoint: Cow::Borrowed("rpc_method"),
        status: status.clone(),
        reason: Cow::Borrowed("error_type"),
        status_on_duration: true,
        ..naming.clone()
    }
}
