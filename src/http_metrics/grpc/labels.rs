//! The labels of gRPC calls.

use std::sync::Arc;

use metrics::{Label, SharedString};

use super::code::Code;
use super::naming::GrpcNaming;
use crate::http_metrics::config::{Config, Protocol};
use crate::http_metrics::labels::{METHODS, OTHER, UNMATCHED};

/// Whether these are calls that follow the RPC conventions, which have no sizes.
pub(crate) fn is_rpc(config: &Config) -> bool {
    config.protocol == Protocol::Grpc && matches!(config.naming.grpc, GrpcNaming::Rpc(_))
}

/// The method of a request, or the RPC system in its place.
pub(crate) fn method_text(config: &Config, index: usize) -> SharedString {
    if is_rpc(config) {
        "grpc".into()
    } else {
        METHODS[index % METHODS.len()].into()
    }
}

/// The endpoint, or the method of a call.
pub(crate) fn endpoint_text(config: &Config, endpoint: &Arc<str>) -> SharedString {
    match &**endpoint {
        UNMATCHED | OTHER if is_rpc(config) => "_OTHER".into(),
        path if is_rpc(config) => path.trim_start_matches('/').to_owned().into(),
        _ => SharedString::from_shared(Arc::clone(endpoint)),
    }
}

/// Adds the status of a call in the RPC conventions, where it replaces that of the request. Returns whether it did.
pub(crate) fn push_rpc_status(config: &Config, code: Code, labels: &mut Vec<Label>) -> bool {
    let GrpcNaming::Rpc(name) = &config.naming.grpc else {
        return false;
    };
    labels.push(Label::new(name.clone(), code.name()));
    if code.is_error(config.side()) {
        labels.push(Label::new(config.naming.reason.clone(), code.name()));
    }
    true
}

/// Adds the status of a call beside that of the request.
pub(crate) fn push_grpc_status(config: &Config, code: Code, labels: &mut Vec<Label>) {
    if let GrpcNaming::Requests(name) = &config.naming.grpc {
        labels.push(Label::new(name.clone(), code.name()));
    }
}
