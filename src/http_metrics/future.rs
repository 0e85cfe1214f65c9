//! The futures of the services.

pub use super::client::ClientResponseFuture;
pub use super::response_future::ResponseFuture;
