//! `OwnClient`: an HTTP client of the service.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::error::{BoxError, Error, ErrorKind};
use crate::http_client::read_body;

type Answer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

/// A tower service of any body.
pub(super) struct OwnClient {
    send: Box<dyn Fn(Request<Bytes>, usize) -> Answer + Send + Sync>,
}

impl OwnClient {
    pub(super) fn new<S, ReqBody, ResBody>(service: S) -> Self
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        ReqBody: From<Bytes> + Send + 'static,
        ResBody: Body + Send,
        ResBody::Data: Send,
        ResBody::Error: Into<BoxError>,
    {
        let send = move |request: Request<Bytes>, max_body| {
            let mut service = service.clone();
            Box::pin(async move {
                poll_fn(|cx| service.poll_ready(cx))
                    .await
                    .map_err(Into::into)?;
                let response = service.call(request.map(ReqBody::from)).await;
                let (parts, body) = response.map_err(Into::into)?.into_parts();
                let body = read_body(body, max_body).await.map_err(Into::into)?;
                Ok(Response::from_parts(parts, body))
            }) as Answer
        };
        Self {
            send: Box::new(send),
        }
    }

    /// Sends the request and reads at most `max_body` bytes of the response body.
    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> Result<Response<Bytes>, Error> {
        let host = request.uri().authority().map(ToString::to_string);
        let response = (self.send)(request, max_body).await;
        response.map_err(|error| {
            let host = host.unwrap_or_default();
            Error::new(ErrorKind::Io, format!("no response from {host}")).with_source(error)
        })
    }
}

debug_fields!(OwnClient {});
