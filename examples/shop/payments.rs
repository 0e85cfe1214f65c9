//! `Payments`: the client of the payment API.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::timeout::Timeout;
use tower::{ServiceBuilder, ServiceExt};
use tower_vitals::ClientMetricsLayer;
use tower_vitals::http_metrics::ClientMetrics;

use crate::outside::Outside;

#[derive(Clone)]
pub(crate) struct Payments {
    client: ClientMetrics<Timeout<Client<HttpConnector, Body>>>,
    charges: String,
}

impl Payments {
    pub(crate) fn new(outside: &Outside) -> Result<Self, tower_vitals::Error> {
        let client = ServiceBuilder::new()
            .layer(
                ClientMetricsLayer::builder("payments")
                    .endpoint(|_| Some("/payments/charges/{order}"))
                    .build()?
                    .traces(),
            )
            .timeout(Duration::from_millis(800))
            .service(Client::builder(TokioExecutor::new()).build_http());
        Ok(Self {
            client,
            charges: outside.payments("charges"),
        })
    }

    /// Returns the status of the answer.
    pub(crate) async fn charge(&self, order: u64) -> anyhow::Result<StatusCode> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/{order}", self.charges))
            .body(Body::empty())?;
        let response = self.client.clone().oneshot(request);
        Ok(response.await.map_err(anyhow::Error::from_boxed)?.status())
    }
}
