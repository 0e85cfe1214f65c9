//! gRPC calls: their methods, their status, and the names of both.
//!
//! A call is a request with the content type of gRPC. Whether its method exists is known only from its answer, so the
//! series of a method's first call is decided there ([`Calls`]).

mod calls;
mod code;
mod decide;
mod labels;
mod methods;
mod naming;
mod rpc;

pub(crate) use calls::{Calls, SeriesSource};
pub(crate) use code::{Code, ending_of_call, zero_endings_of_calls};
pub(crate) use decide::{Decide, Evidence, is_call, is_call_of};
pub(crate) use labels::{endpoint_text, is_rpc, method_text, push_grpc_status, push_rpc_status};
pub(crate) use methods::Methods;
pub(crate) use naming::GrpcNaming;
pub(crate) use rpc::{config_of_calls, naming_of_calls};
