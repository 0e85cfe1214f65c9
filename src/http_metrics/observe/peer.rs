//! The address of the connection's other end.

use std::net::{IpAddr, SocketAddr};

use http::Extensions;

/// As axum's `ConnectInfo`, or as the address itself, which [`Routes::serve`](crate::Routes::serve) and servers on hyper pass.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let address = connect_info(extensions).or_else(|| extensions.get::<SocketAddr>())?;
    Some(address.ip().to_canonical())
}

#[cfg(feature = "axum")]
fn connect_info(extensions: &Extensions) -> Option<&SocketAddr> {
    let info = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
    info.map(|axum::extract::ConnectInfo(address)| address)
}

#[cfg(not(feature = "axum"))]
fn connect_info(_extensions: &Extensions) -> Option<&SocketAddr> {
    None
}
