//! The recorder that metrics go to, and handles that are registered at their first use.

mod global;
mod handle;
mod lazy_handle;
mod recorder_ref;
mod request_recorder;
mod slot;
mod zero_series;
mod zeros;

#[cfg(feature = "prometheus")]
pub(crate) use handle::Handle;
pub(crate) use handle::METADATA;
pub(crate) use lazy_handle::LazyHandle;
pub(crate) use recorder_ref::RecorderRef;
#[cfg(feature = "prometheus")]
pub(crate) use recorder_ref::{identify_with, set_global_identity};
pub(crate) use request_recorder::RequestRecorder;
#[cfg(feature = "prometheus")]
pub(crate) use zero_series::announce_waiting;
pub(crate) use zeros::Zeros;
