//! The crate's one outgoing HTTP client.

mod body;
mod http_client;
mod proxy;

pub(crate) use self::http_client::HttpClient;
