//! The requests of one connection.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tower_service::Service;

use super::connections::Connection;

/// Returns the response of `router`. The connection does not give way before it has ended.
pub(super) fn respond(
    mut router: Router,
    connection: &Arc<Connection>,
    peer: std::net::SocketAddr,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<Response<ResponseBody>, Infallible>> + use<> {
    let connection = connection
        .begin_request()
        .then(|| InUse(Arc::clone(connection)));
    // As axum's `into_make_service_with_connect_info`, for guards that check the peer's address.
    request.extensions_mut().insert(ConnectInfo(peer));
    async move {
        let Some(in_use) = connection else {
            // The connection gives way and is dropped.
            return pending().await;
        };
        let response = router.call(request).await?;
        Ok(response.map(|body| ResponseBody {
            body,
            _in_use: in_use,
        }))
    }
}

struct InUse(Arc<Connection>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.end_response();
    }
}

/// A response body that tells the connection when it has ended.
pub(super) struct ResponseBody {
    body: AxumBody,
    _in_use: InUse,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
