//! `GrpcHealth`: the gRPC health service.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{self, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{Health, Probe};

/// How often a watcher looks at the status. Checks are cached, so they do not run for each watcher.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// The longest request, in bytes. A watcher keeps its service's name.
const MAX_REQUEST: usize = 1024;

/// The gRPC health service `grpc.health.v1.Health` (gRPC, "Health Checking Protocol"), for tonic 0.14.
///
/// ```no_run
/// use tonic::transport::Server;
/// use tower_vitals::Health;
/// use tower_vitals::health::GrpcHealth;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder().check("db", || async { true }).build()?;
/// Server::builder()
///     .add_service(GrpcHealth::new(health.clone()).service("shop.v1.Carts").into_server())
///     .serve_with_shutdown("127.0.0.1:50051".parse()?, health.shutdown_signal().into_future())
///     .await?;
/// # Ok(()) }
/// ```
///
/// | service | status |
/// |---|---|
/// | `""`, `readiness`, and those that [`service`](Self::service) names | readiness |
/// | `liveness`, `startup` | the probe |
/// | a tag of checks | the worst of the checks with the tag, and `NOT_SERVING` from the drain on |
///
/// `healthy` and `degraded` are `SERVING`, `unhealthy` is `NOT_SERVING`. `Check` answers to other services with the status
/// `NOT_FOUND`. `Watch` answers with `SERVICE_UNKNOWN` and goes on, because a check with the tag may be added later. It
/// looks at the status once a second and sends each change. From the [drain](Health::drain) on, it ends after a second,
/// because a server's graceful shutdown waits for all streams.
///
/// It is open to all clients, and tells nothing but the status.
#[derive(Clone)]
#[must_use]
pub struct GrpcHealth {
    health: Health,
    services: Arc<HashSet<String>>,
    max_watchers: usize,
}

impl GrpcHealth {
    /// The service for the checks of `health`.
    pub fn new(health: Health) -> Self {
        Self {
            health,
            services: Arc::default(),
            max_watchers: 1000,
        }
    }

    /// Adds a service with the status of readiness, under the name that clients ask for, such as `shop.v1.Carts`.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.services).insert(name.into());
        self
    }

    /// Limits the number of `Watch` calls in progress. Further ones fail with `RESOURCE_EXHAUSTED`. Defaults to 1000.
    pub fn max_watchers(mut self, max: usize) -> Self {
        self.max_watchers = max;
        self
    }

    /// Returns the service for tonic's `add_service`.
    #[must_use]
    pub fn into_server(self) -> HealthServer<impl health_server::Health> {
        let answers = Arc::new(Answers {
            watchers: Arc::new(Semaphore::new(
                self.max_watchers.min(Semaphore::MAX_PERMITS),
            )),
            config: self,
        });
        HealthServer::from_arc(answers).max_decoding_message_size(MAX_REQUEST)
    }

    /// The status of a service, or `None` if there is no such service.
    async fn status(&self, service: &str) -> Option<ServingStatus> {
        let probe = match service {
            "" | "readiness" => Some(Probe::Readiness),
            "liveness" => Some(Probe::Liveness),
            "startup" => Some(Probe::Startup),
            named if self.services.contains(named) => Some(Probe::Readiness),
            _ => None,
        };
        let report = match probe {
            Some(probe) => self.health.report_for(probe).await,
            // Known without the checks, which may be slow: the shutdown of a server waits for this.
            None if self.health.is_draining() => {
                let is_known = self.health.tags().iter().any(|tag| tag == service);
                return is_known.then_some(ServingStatus::NotServing);
            }
            None => self.health.report_for_tag(service).await?,
        };
        let is_serving =
            report.status().is_passing() && (probe.is_some() || !self.health.is_draining());
        Some(if is_serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        })
    }
}

struct Answers {
    config: GrpcHealth,
    watchers: Arc<Semaphore>,
}

#[tonic::async_trait]
impl health_server::Health for Answers {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.config.status(&request.get_ref().service).await {
            Some(status) => Ok(Response::new(response(status))),
            None => Err(Status::not_found("unknown service")),
        }
    }

    type WatchStream = Statuses;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Statuses>, Status> {
        let watchers = Arc::clone(&self.watchers);
        let permit = watchers.try_acquire_owned().map_err(|_| {
            let max = self.config.max_watchers;
            Status::resource_exhausted(format!("all {max} watchers are taken"))
        })?;
        let watcher = Watcher {
            config: self.config.clone(),
            service: request.into_inner().service,
            last: None,
            is_draining: false,
            _permit: permit,
        };
        let next = Some(Box::pin(watcher.next()) as Next);
        Ok(Response::new(Statuses { next }))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

/// One call of `Watch`.
struct Watcher {
    config: GrpcHealth,
    service: String,
    /// The status that was sent last.
    last: Option<ServingStatus>,
    /// Whether the drain had begun when the status was read.
    is_draining: bool,
    _permit: OwnedSemaphorePermit,
}

impl Watcher {
    /// Waits for the next status to send. Returns `None` at the end.
    async fn next(mut self) -> Option<(ServingStatus, Self)> {
        loop {
            if self.last.is_some() {
                sleep(WATCH_INTERVAL).await;
            }
            // Clients call again at once, so the end waits for the interval, too.
            if self.is_draining {
                return None;
            }
            self.is_draining = self.config.health.is_draining();
            let status = self.config.status(&self.service).await;
            let status = status.unwrap_or(ServingStatus::ServiceUnknown);
            if self.last != Some(status) {
                self.last = Some(status);
                return Some((status, self));
            }
        }
    }
}

type Next = Pin<Box<dyn Future<Output = Option<(ServingStatus, Watcher)>> + Send>>;

/// The statuses that a watcher receives.
struct Statuses {
    next: Option<Next>,
}

impl Stream for Statuses {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let (status, watcher) = match ready!(next.as_mut().poll(cx)) {
            Some((status, watcher)) => (Some(status), Some(watcher)),
            None => (None, None),
        };
        self.next = watcher.map(|watcher| Box::pin(watcher.next()) as Next);
        Poll::Ready(status.map(|status| Ok(response(status))))
    }
}

debug_fields!(GrpcHealth { health, services });
