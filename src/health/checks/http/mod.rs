//! The HTTP check.

mod http;
mod own_client;
mod redirects;

pub use self::http::Http;
