//! A tonic service whose calls end in every way, and its clients. It has the methods of tonic-health's generated code,
//! so no code is generated here.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use http::Uri;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::util::MapRequest;

pub(crate) const CHECK: &str = "/grpc.health.v1.Health/Check";
pub(crate) const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Answers by the name in the request.
#[derive(Debug, Default, Clone)]
pub(crate) struct Double {
    /// Notified when a call begins that never ends.
    pub(crate) hangs: Arc<Notify>,
    /// Ends a stream that is held.
    pub(crate) goes_on: Arc<Notify>,
}

type Answers = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Health for Double {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match request.get_ref().service.as_str() {
            "" => Ok(Response::new(HealthCheckResponse::default())),
            "never" => {
                self.hangs.notify_one();
                std::future::pending().await
            }
            "panic" => panic!("the handler panicked"),
            "denied" => Err(Status::unauthenticated("who are you?")),
            "down" => Err(Status::unavailable("try later")),
            "late" => Err(Status::deadline_exceeded("too late")),
            "todo" => Err(Status::unimplemented("not yet")),
            _ => Err(Status::not_found("no such service")),
        }
    }

    type WatchStream = Answers;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Answers>, Status> {
        let answers = stream::repeat_with(|| Ok(HealthCheckResponse::default())).take(3);
        Ok(Response::new(match request.get_ref().service.as_str() {
            "" => Box::pin(answers),
            "fails" => Box::pin(answers.chain(stream::iter([Err(Status::data_loss("torn"))]))),
            "never" => Box::pin(answers.take(1).chain(stream::pending())),
            "held" => {
                let goes_on = Arc::clone(&self.goes_on);
                let end = async move {
                    goes_on.notified().await;
                    Err(Status::data_loss("torn"))
                };
                Box::pin(answers.take(1).chain(stream::once(end)))
            }
            _ => return Err(Status::not_found("no such service")),
        }))
    }
}

impl Double {
    pub(crate) fn server(&self) -> HealthServer<Self> {
        HealthServer::new(self.clone())
    }
}

/// A port to serve on, and a lazy channel to it.
pub(crate) async fn listen() -> (TcpIncoming, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = channel(listener.local_addr().unwrap());
    (TcpIncoming::from(listener), channel)
}

pub(crate) fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

pub(crate) fn named(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

/// Sends the calls through `service` to `path`.
pub(crate) fn at<S>(
    service: S,
    path: &str,
) -> MapRequest<S, impl FnMut(http::Request<Body>) -> http::Request<Body> + Clone + use<S>> {
    let path: Uri = path.parse().unwrap();
    MapRequest::new(service, move |mut request: http::Request<Body>| {
        *request.uri_mut() = path.clone();
        request
    })
}
