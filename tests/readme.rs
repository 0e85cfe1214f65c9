//! The Rust snippets of README.md compile, each in a function that has what the snippet needs. A test compares the texts.
#![allow(
    unused,
    clippy::pedantic,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "the snippets show as little as possible"
)]

/// README.md has long lines and aligned comments, so they are not formatted.
#[rustfmt::skip]
mod snippets {
    use std::net::SocketAddr;

    use axum::Router;
    use tokio::net::TcpListener;
    use tower_vitals::Error;
    use tower_vitals::alerts::RulesBuilder;
    use tower_vitals::prelude::*;

    async fn quick_start() -> anyhow::Result<()> {
        async fn show_user() {}
        use axum::{Router, routing::get};
        use tower_vitals::prelude::*;   // Prometheus, Routes, HttpMetricsLayer, ClientMetricsLayer, Health, Check, Jobs, Job

        let prometheus = Prometheus::install()?;
        let app = Router::new()
            .route("/users/{id}", get(show_user))
            .merge(Routes::new().metrics(prometheus))
            .layer(HttpMetricsLayer::new());
        let _: Router = app;
        Ok(())
    }

    async fn http_metrics() -> anyhow::Result<()> {
        use tower_vitals::http_metrics::Naming;

        let layer = HttpMetricsLayer::builder()
            .endpoint(|parts| (parts.uri.path() == "/").then_some("/"))   // for services without MatchedPath
            .label("tier", ["free", "paid"], |parts| parts.headers.get("x-tier")?.to_str().ok())
            .naming(Naming::open_telemetry())   // http_server_request_duration_seconds{http_request_method, http_route, ..}
            .response_body_size()
            .build()?;
        Ok(())
    }

    async fn outbound_calls(url: &str) -> anyhow::Result<()> {
        use reqwest_0_13 as reqwest;
        use tower::Layer;
        let client = reqwest::Client::new();
        let payments = ClientMetricsLayer::new("payments").layer(client.clone());   // use tower::Layer
        let response = payments.execute(client.get(url).build()?).await?;
        Ok(())
    }

    async fn grpc(addr: SocketAddr, health: Health, carts: ()) -> anyhow::Result<()> {
        use tonic::transport::Server;
        use tower_vitals::health::GrpcHealth;

        use crate::carts::CartsServer;
        Server::builder()
            .layer(HttpMetricsLayer::builder().grpc().build()?)
            .add_service(CartsServer::new(carts))
            .add_service(GrpcHealth::new(health.clone()).service("shop.v1.Carts").into_server())
            .serve_with_shutdown(addr, health.shutdown_signal().into_future()).await?;
        Ok(())
    }

    async fn query(id: u64) -> anyhow::Result<()> {
        async fn fetch(_: u64) -> Result<u64, std::io::Error> {
            Ok(1)
        }
        use std::sync::LazyLock;
        use tower_vitals::instrument::Query;

        static SELECT_USER: LazyLock<Query> = LazyLock::new(|| Query::new("select"));
        let user = SELECT_USER.observe(fetch(id)).await?;
        Ok(())
    }

    async fn collectors(prometheus: Prometheus) -> anyhow::Result<()> {
        use tokio::runtime::Handle;
        use tower_vitals::instrument::Collectors;

        let collecting = Collectors::new()   // keep it: collection stops when it is dropped
            .app(env!("CARGO_PKG_VERSION"), "production")   // app_info, app_uptime_seconds, app_start_time_seconds
            .process()                                      // feature `system`: process_*, with Prometheus' standard names
            .host()                                         // feature `system`: system_*; in a container, its limits and use
            .runtime(&Handle::current())                    // tokio_*
            .start()?;
        prometheus.on_gather(collecting.refresher());
        Ok(())
    }

    async fn own_metrics(product: &'static str) -> anyhow::Result<()> {
        use metrics::counter;   // cargo add metrics@0.24
        use tower_vitals::catalog::{Catalog, Family, Values};

        const ORDERS: Family = Family::counter("orders_total", "Orders placed.")
            .labels(&["product"])
            .values(&[("product", Values::AtMost(50))]);   // the first 50; Values::Closed(&["tea", "coffee"]) takes only these
        let mut catalog = Catalog::new();
        catalog.register(ORDERS)?;
        let prometheus = Prometheus::builder().catalog(catalog).install()?;
        counter!(ORDERS.name, "product" => product).increment(1);      // further products are counted under "other"
        Ok(())
    }

    async fn health(pool: sqlx::PgPool, prometheus: Prometheus, api: Router, listener: TcpListener, secret: &str) -> anyhow::Result<()> {
        fn stock_is_loaded() -> bool {
            true
        }
        use std::time::Duration;
        use tower_vitals::health::checks::{Disk, Http, Postgres};   // features system, check-http, check-postgres
        use tower_vitals::routes::Guard;

        let health = Health::builder()
            .check("stock", async || stock_is_loaded())                                 // readiness
            .check("postgres", Postgres::pool(pool).shared())                           // a database that all instances use
            .check("payments", Http::get("https://payments.internal/health")?.slow_after(Duration::from_millis(500)).optional())
            .check("disk", Disk::new("/var/lib/shop").every(Duration::from_secs(30)))   // runs in the background
            .build()?;
        let app = api.merge(Routes::new().metrics(prometheus).health(health.clone()).guard(Guard::bearer(secret)));   // and .jobs(jobs)
        health.shutdown_signal().run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop)).await?;
        Ok(())
    }

    async fn jobs() -> anyhow::Result<()> {
        async fn fetch_orders() -> Result<Vec<u64>, Error> {
            Ok(Vec::new())
        }
        use std::time::Duration;
        use tower_vitals::jobs::SqliteHistory;   // feature jobs-sqlite

        const SYNC: Job = Job::named("sync_orders").cron("0 3 * * *", "Europe/Berlin").grace(Duration::from_secs(3600));   // late after 04:00

        let jobs = Jobs::builder().job(SYNC).history(SqliteHistory::open("jobs.db")).run()?;   // watches for problems in the background
        let health = Health::builder().check("jobs", jobs.health_check().optional()).build()?;   // otherwise a failing job fails readiness

        let orders = jobs.monitor_with(SYNC, |run| async move {
            let orders = fetch_orders().await?;
            run.set("records_processed", orders.len());
            Ok::<_, Error>(orders)
        }).await?;
        Ok(())
    }

    async fn alerts(prometheus: Prometheus) -> anyhow::Result<()> {
        use tower_vitals::Settings;
        use tower_vitals::alerts::{Alert, Alerts, Rules};

        let settings = Settings::from_env()?;
        let rules = Rules::builder().defaults(&settings);   // CPU, memory, disks, errors, latency, pools, health checks, jobs
        let alerts = Alerts::builder().metrics(prometheus.clone()).rules(rules).settings(&settings).run()?;
        let routes = Routes::new().alerts(alerts.clone()).guard(settings.guard());

        alerts.fire(Alert::critical("3 invoices failed").component("billing"));   // from code
        Ok(())
    }

    async fn own_rules(prometheus: Prometheus, rules: RulesBuilder, slack_url: &str, routing_key: &str) -> anyhow::Result<()> {
        use std::time::Duration;
        use tower_vitals::alerts::channels::{PagerDuty, Slack};
        use tower_vitals::alerts::stores::SqliteAlerts;
        use tower_vitals::alerts::{Alerts, Level, Receiver, Rule, Selector, Signal};

        let requests = Selector::new("http_requests_total");
        let failed = requests.clone().starts_with("status", "5");
        let rules = rules.rule(
            Rule::new("CheckoutErrors", Signal::ratio(failed, requests, Duration::from_secs(300)).by(["endpoint"]))
                .gt(0.01)
                .for_duration(Duration::from_secs(120))
                .level(Level::Critical)
                .summary("{{ value | percent }} of requests to {{ labels.endpoint }} fail"),
        );
        let alerts = Alerts::builder()
            .metrics(prometheus.clone())
            .rules(rules)
            .channel(Slack::new(slack_url)?)
            .channel(Receiver::new("duty", PagerDuty::new(routing_key)?).min_level(Level::Critical))
            .store(SqliteAlerts::open("alerts.db"))
            .run()?;
        Ok(())
    }

    async fn telemetry(settings: tower_vitals::Settings, app: Router) -> anyhow::Result<()> {
        use tower_vitals::telemetry::logging::Logging;
        use tower_vitals::telemetry::otel::Tracing;
        use tower_vitals::{HttpLayer, RequestIdLayer, RequestLogLayer, ServerSpanLayer};

        let traces = Tracing::from_settings(&settings)?.run()?;
        let logging = Logging::from_settings(&settings)?.init_with(traces.layer())?;
        let app = app.layer(
            HttpLayer::new()
                .request_id(RequestIdLayer::new())
                .metrics(HttpMetricsLayer::new())
                .log(RequestLogLayer::new())
                .span(ServerSpanLayer::new()),
        );
        let _: Router = app;
        Ok(())
    }

    async fn dashboard(
        prometheus: Prometheus,
        health: Health,
        jobs: Jobs,
        alerts: tower_vitals::alerts::Alerts,
        tail: tower_vitals::telemetry::logging::LogTail,
        token: &str,
    ) {
        use tower_vitals::routes::Guard;
        let routes = Routes::new()
            .metrics(prometheus)                  // its builder's history(HistoryConfig::new()) gives the charts a past
            .health(health)
            .jobs(jobs)
            .alerts(alerts)
            .log_tail(tail)                       // the last 500 lines at WARN and above: LoggingBuilder::tail(&tail)
            .dashboard()                          // /dashboard
            .openapi_json().docs_ui().redoc()     // /openapi.json, /docs and /redoc
            .profile()                            // /debug/pprof/profile
            .tasks(&tokio::runtime::Handle::current())
            .guard(Guard::bearer(token));
    }

    async fn programs_without_http(
        settings: tower_vitals::Settings,
        prometheus: Prometheus,
        health: Health,
        jobs: Jobs,
    ) -> anyhow::Result<()> {
        use tower_vitals::Monitoring;

        let server = Monitoring::from_settings(&settings)
            .metrics(prometheus)
            .health(health.clone())
            .jobs(jobs.clone())
            .spawn()
            .await?;
        server.until(health.shutdown_signal()).await;
        Ok(())
    }
}

/// Stands for the server that tonic generates.
mod carts {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::task::{Context, Poll};

    use tonic::body::Body;
    use tonic::server::NamedService;

    #[derive(Clone)]
    pub(crate) struct CartsServer(());

    impl CartsServer {
        pub(crate) fn new(carts: ()) -> Self {
            Self(carts)
        }
    }

    impl NamedService for CartsServer {
        const NAME: &'static str = "shop.v1.Carts";
    }

    impl tower::Service<http::Request<Body>> for CartsServer {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            ready(Ok(http::Response::default()))
        }
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn each_snippet_is_compiled() {
    let readme = include_str!("../README.md");
    let compiled = lines(include_str!("readme.rs"));
    let parts = readme.split("```rust\n").skip(1);
    let snippets: Vec<_> = parts
        .map(|part| part.split("```").next().unwrap())
        .collect();
    assert_eq!(snippets.len(), 14, "a new snippet needs a function");
    for snippet in snippets {
        let snippet = lines(snippet);
        let is_compiled = compiled.windows(snippet.len()).any(|part| part == snippet);
        assert!(is_compiled, "not compiled here:\n{}", snippet.join("\n"));
    }
}
