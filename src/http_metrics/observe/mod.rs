//! What is observed of a request beside its metrics: its id, its log line and its span. [`Observers`] is the configuration,
//! [`Observation`] the state of one request.

mod begun;
mod client_span;
mod end;
mod exclusion;
mod id_in_span;
mod log_record;
mod observation;
mod observed;
mod observer;
mod observers;
mod peer;
mod proxies;
mod request_head;
#[cfg(not(feature = "request-id"))]
#[path = "no_request_ids.rs"]
mod request_ids;
#[cfg(feature = "request-id")]
mod request_ids;
mod request_log;
mod sampling;
mod server_span;
mod span_fields;
mod user_id;

pub(crate) use client_span::ClientSpan;
pub(crate) use end::End;
pub(crate) use observation::Observation;
pub(crate) use observed::Observed;
pub(crate) use observer::Observer;
pub(crate) use observers::Observers;
pub(crate) use request_head::RequestHead;
#[cfg(feature = "request-id")]
pub(crate) use request_ids::RequestIds;
pub(crate) use request_log::RequestLog;
pub(crate) use sampling::Sampling;
pub(crate) use server_span::ServerSpan;
pub use user_id::UserId;
