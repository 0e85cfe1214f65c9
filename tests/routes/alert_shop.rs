//! Alerts for the tests of their routes: a shop whose checks fail on request, and a store that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use boon::{Compiler, Schemas};
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use metrics::{Gauge, Key, Label, Metadata, Recorder};
use serde_json::Value as Json;
use tower::ServiceExt;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, HistoryPage, HistoryQuery, Lease, MemoryAlerts, Saved,
};
use tower_vitals::alerts::{Alerts, AlertsBuilder, Level, Receiver, Rule, Rules, Selector, Signal};
use tower_vitals::routes::Guard;
use tower_vitals::{Error, Prometheus, Routes};

const TICK: Duration = Duration::from_secs(15);

/// A channel that answers as it is told.
#[derive(Clone, Default)]
pub(crate) struct Pager {
    pub(crate) is_gone: Arc<AtomicBool>,
}

impl Channel for Pager {
    fn kind(&self) -> &'static str {
        "pager"
    }

    fn send<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let is_gone = self.is_gone.load(Ordering::Relaxed);
        Box::pin(async move {
            if is_gone {
                // A channel of an app can forget to mask.
                let message = "404 of https://pager.example/hook?token=s3cr3t-t0ken".to_owned();
                return Err(DeliveryError::Stopped { message });
            }
            Ok(())
        })
    }
}

/// A store that goes away.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) kept: MemoryAlerts,
    pub(crate) is_away: Arc<AtomicBool>,
    pub(crate) is_shared: bool,
}

impl Store {
    fn check(&self) -> Result<(), Error> {
        if self.is_away.load(Ordering::Relaxed) {
            let source = "no route to postgres://shop:s3cr3t-t0ken@db";
            return Err(Error::external("the store is away", source));
        }
        Ok(())
    }
}

impl AlertStore for Store {
    fn kind(&self) -> &'static str {
        "faulty"
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async move {
            self.check()?;
            self.kept.load(ledger).await
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.check()?;
            tokio::task::yield_now().await;
            self.kept.commit(commit).await
        })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        Box::pin(async move {
            self.check()?;
            self.kept.history(query).await
        })
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            self.check()?;
            self.kept.lease(ledger, holder, ttl).await
        })
    }
}

/// A shop with a rule on its checks, which are healthy at first.
pub(crate) struct Shop {
    pub(crate) prometheus: Prometheus,
    pub(crate) alerts: Alerts,
    pub(crate) pager: Pager,
    pub(crate) store: Store,
    now: SystemTime,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(AlertsBuilder) -> AlertsBuilder) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let (pager, store) = (Pager::default(), Store::default());
        let status = Signal::min(Selector::new("health_check_status")).by(["check"]);
        let rules = Rules::builder()
            .rule(
                Rule::new("CheckFailing", status)
                    .lt(0.5)
                    .consecutive(2)
                    .level(Level::Critical)
                    .label("team", "shop")
                    .summary("{{ labels.check }} fails")
                    .runbook_url("https://shop.example/runbook"),
            )
            .rule(Rule::new("NoRequests", Signal::absent("http_requests_total")).level(Level::Info))
            .build()
            .unwrap();
        let builder = Alerts::builder()
            .metrics(prometheus.clone())
            .rules(rules)
            .channel(Receiver::from(pager.clone()).group_wait(Duration::ZERO))
            .channel(Receiver::new("night", Pager::default()).min_level(Level::Critical))
            .store(store.clone())
            .service("shop")
            .manual();
        let alerts = change(builder).run().unwrap();
        Self {
            prometheus,
            alerts,
            pager,
            store,
            now: SystemTime::now(),
        }
    }

    pub(crate) fn check(&self, name: &str) -> Gauge {
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let key = Key::from_parts(
            "health_check_status",
            vec![Label::new("check", name.to_owned())],
        );
        let gauge = self.prometheus.register_gauge(&key, &metadata);
        gauge.set(1.0);
        gauge
    }

    pub(crate) async fn tick(&mut self) {
        self.now += TICK;
        let snapshot = self.prometheus.snapshot();
        let changes = self.alerts.evaluate_at(&snapshot, self.now).await;
        changes.unwrap();
    }

    /// The check `db` fails until its alert fires. Returns the alert's id.
    pub(crate) async fn fire(&mut self) -> String {
        self.check("db").set(0.0);
        self.tick().await;
        self.tick().await;
        let list = self.ok("/alerts?name=CheckFailing").await;
        assert_eq!(list["alerts"][0]["state"], "firing", "{list}");
        list["alerts"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn routes(&self) -> Routes {
        Routes::new().alerts(self.alerts.clone())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        let routes = self.routes().guard(Guard::open());
        Router::from(routes).oneshot(request).await.unwrap()
    }

    /// A request with a body as text, and the response's status and body.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> (u16, Json) {
        let request = Request::builder().method(method).uri(path);
        let response = self.send(request.body(body.into()).unwrap()).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!text.contains("s3cr3t"), "{path}: {text}");
        (status, serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Json) {
        self.ask(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn ok(&self, path: &str) -> Json {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> (u16, Json) {
        self.ask(Method::POST, path, body.to_string()).await
    }
}

#[track_caller]
pub(crate) fn assert_shape(body: &Json, name: &str) {
    if let Err(problem) = shape_problem(body, name) {
        panic!("{name}: {problem}\n{body:#}");
    }
}

pub(crate) fn shape_problem(body: &Json, name: &str) -> Result<(), String> {
    let schema = format!(
        "{}/src/routes/openapi/schemas/alerts.json#/$defs/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let shape = compiler.compile(&schema, &mut schemas).unwrap();
    let valid = schemas.validate(body, shape);
    valid.map_err(|error| format!("{error:#}"))
}
