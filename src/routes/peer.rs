//! The address of the client.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;

/// The address of the connection's other end, as axum and [`Routes::serve`](super::Routes::serve) pass it.
pub(super) fn peer(parts: &Parts) -> Option<IpAddr> {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = info.map(|ConnectInfo(address)| address);
    let address = address.or_else(|| parts.extensions.get::<SocketAddr>())?;
    Some(address.ip().to_canonical())
}
