//! The Debug output of public types shows no secret.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::{Method, Request};
use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::debugging::DebuggingRecorder;
use tower_vitals::exporter::{
    ExemplarLabels, ExistingExporter, HistoryConfig, HistoryQuery, MetricsSource, NativeHistograms,
    Pushgateway, SeriesLimit,
};
use tower_vitals::health::checks::{
    Configuration, Disk, Http, Postgres, RabbitMq, Redis, RegisteredModules, Sqlite,
    StorageRoundTrip, Store, Tcp,
};
use tower_vitals::health::{Check, CheckOptions, GrpcHealth, Outcome, Reason};
use tower_vitals::routes::Guard;
use tower_vitals::{Health, Monitoring, Prometheus, Ready, Routes, Settings};

const SECRET: &str = "pl4nted-s3cret";

/// Given as a secret, so it is registered and masked everywhere.
const OWN: &str = "0wn-s3cret";

/// As a service may write it into an address, a name or a message by mistake.
fn text() -> String {
    format!("postgres://shop:{SECRET}@db/shop?password={SECRET}")
}

type Shown = Vec<(&'static str, String, String)>;

fn add(shown: &mut Shown, name: &'static str, value: &impl Debug) {
    shown.push((name, format!("{value:?}"), format!("{value:#?}")));
}

async fn of_health(shown: &mut Shown) {
    let outcome = || {
        Outcome::unhealthy()
            .message(text())
            .data("password", SECRET)
            .data("url", text())
    };
    add(shown, "Outcome", &outcome());
    let mut options = CheckOptions::default();
    options.tags.push(text());
    add(shown, "CheckOptions", &options);
    let check = move || async move { outcome() };
    let check = check.tag(text()).configured();
    add(shown, "ConfiguredCheck", &check);
    let builder = Health::builder().check(text(), check);
    add(shown, "HealthBuilder", &builder);
    let health = builder.build().unwrap();
    let mut changes = health.subscribe();
    let report = health.report().await;
    add(shown, "Report", &report);
    add(shown, "CheckResult", &report.results().next().unwrap());
    add(shown, "StatusChange", &changes.next().await.unwrap());
    add(shown, "StatusChanges", &changes);
    add(shown, "CheckInfo", &health.checks()[0]);
    add(shown, "Health", &health);
    add(
        shown,
        "GrpcHealth",
        &GrpcHealth::new(health.clone()).service(text()),
    );
    add(shown, "ShutdownSignal", &health.shutdown_signal());
    add(shown, "Reason", &Reason::Failed(text().into()));
    let (mut parts, ()) = Request::new(()).into_parts();
    let not_ready = Ready::from_request_parts(&mut parts, &health).await;
    add(shown, "NotReady", &not_ready.unwrap_err());
}

struct Cache;

impl Store for Cache {
    type Error = String;

    async fn set(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn get(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

fn of_checks(shown: &mut Shown) {
    add(shown, "Tcp", &Tcp::new(text()));
    add(shown, "Disk", &Disk::new(text()));
    add(
        shown,
        "Configuration",
        &Configuration::new([text()], |_| true),
    );
    let modules = RegisteredModules::new([text()]);
    modules.register(&text());
    add(shown, "RegisteredModules", &modules);
    add(
        shown,
        "StorageRoundTrip",
        &StorageRoundTrip::new(Cache).key(text()),
    );
    let http = format!("http://db/token={SECRET}?token={OWN}");
    let http = Http::new(Method::GET, &http)
        .unwrap()
        .header("x-api-key", OWN);
    add(shown, "Http", &http);
    add(
        shown,
        "Postgres",
        &Postgres::url(&format!("postgres://u:{OWN}@h/db")).unwrap(),
    );
    let sqlite = format!("sqlite:///tmp/password={SECRET}/db");
    add(shown, "Sqlite", &Sqlite::url(&sqlite).unwrap());
    add(
        shown,
        "Redis",
        &Redis::url(&format!("redis://:{OWN}@h/0")).unwrap(),
    );
    add(
        shown,
        "RabbitMq",
        &RabbitMq::url(&format!("amqp://u:{OWN}@h")).unwrap(),
    );
}

fn of_exporter(shown: &mut Shown) {
    let builder = Prometheus::builder().history(HistoryConfig::new());
    let with_text = builder
        .clone()
        .prefix(text())
        .global_label("password", SECRET);
    add(
        shown,
        "PrometheusBuilder",
        &with_text
            .global_label("url", text())
            .buckets(text(), &[1.0]),
    );
    let url = text();
    let labels = [("password", SECRET), ("url", &*url)];
    add(shown, "ExemplarLabels", &ExemplarLabels::new(labels));
    add(shown, "NativeHistograms", &NativeHistograms::of([text()]));
    let prometheus = builder.build().unwrap();
    let labels = vec![Label::new("password", SECRET), Label::new("url", text())];
    let key = Key::from_parts("orders_total", labels);
    let metadata = Metadata::new("test", Level::INFO, None);
    prometheus.register_counter(&key, &metadata).increment(1);
    prometheus.describe_counter("orders_total".into(), None, text().into());
    prometheus.history().unwrap().tick();
    add(shown, "Prometheus", &prometheus);
    let snapshot = prometheus.snapshot();
    let family = snapshot.family("orders_total").unwrap();
    assert_eq!(family.series[0].labels.get("password"), Some(SECRET));
    assert_eq!(family.help, text());
    add(shown, "FamilySnapshot", family);
    add(shown, "Series", &family.series[0]);
    add(shown, "Labels", &family.series[0].labels);
    add(shown, "Snapshot", &snapshot);
    add(shown, "Delta", &prometheus.since_reset());
    let query = HistoryQuery::values("orders_total").label("password", SECRET);
    let query = query.label("url", text());
    add(shown, "HistoryQuery", &query);
    add(shown, "HistoryQuery", &HistoryQuery::values(text()));
    let history = prometheus.history().unwrap();
    add(
        shown,
        "TimeSeries",
        &history.query(&HistoryQuery::rate("orders_total")).unwrap(),
    );
    add(shown, "HistoryStats", &history.stats());
    add(shown, "MetricsHistory", history);
    add(shown, "SeriesLimit", &SeriesLimit::new(1));
    add(
        shown,
        "Limited",
        &SeriesLimit::new(1).layer(DebuggingRecorder::new()),
    );
    of_existing_exporter(shown, &key);
    let url = format!("http://shop:{OWN}@gateway/token={SECRET}");
    let builder = Pushgateway::builder(&url, &text()).grouping("password", SECRET);
    add(shown, "PushgatewayBuilder", &builder);
    let gateway = builder.build().unwrap();
    add(shown, "Pushgateway", &gateway);
    add(
        shown,
        "PushTask",
        &gateway
            .push_every(Duration::from_secs(60), &prometheus)
            .unwrap(),
    );
}

fn of_existing_exporter(shown: &mut Shown, key: &Key) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metadata = Metadata::new("test", Level::INFO, None);
    recorder.register_counter(key, &metadata).increment(1);
    let builder = ExistingExporter::builder(recorder.handle());
    let with_text = builder.clone().prefix(text());
    add(shown, "ExistingExporterBuilder", &with_text);
    let exporter = builder.build().unwrap();
    add(shown, "ExistingExporter", &exporter);
    add(shown, "MetricsSource", &MetricsSource::from(exporter));
}

fn of_routes(shown: &mut Shown) {
    let guard = Guard::any([
        Guard::bearer(OWN),
        Guard::basic("shop", OWN),
        Guard::open().hosts([format!("token.{}", "shop")]),
    ]);
    add(shown, "Guard", &guard);
    let routes = Routes::new()
        .config(text(), &SECRET)
        .config("password", &SECRET);
    let routes = routes.guard(guard).rename(text(), text()).protect(text());
    add(shown, "Routes", &routes);
    let settings = Settings::from_vars([("MONITORING_TOKEN", OWN)]).unwrap();
    let monitoring = Monitoring::from_settings(&settings).change(|_| routes);
    add(shown, "Monitoring", &monitoring);
    let path = format!("/token={SECRET}");
    add(
        shown,
        "RoutesService",
        &Routes::new()
            .liveness()
            .rename("/livez", path)
            .into_service(),
    );
}

/// Types without text of the service, or whose output is that of another type.
const WITHOUT_TEXT: &[&str] = &[
    "Details",
    "Heartbeat",
    "HistogramSnapshot",
    "HistoryConfig",
    "Memory",
    "NotFound",
    "Probe",
    "Ready",
    "RoutesBody",
    "RoutesFuture",
    "Server",
    "Status",
    "Uptime",
    "Value",
];

/// The names of the public types in the files of a folder.
fn public_types(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            public_types(&path, names);
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let line = line.trim_start();
            let name = ["pub struct ", "pub enum "]
                .iter()
                .find_map(|start| line.strip_prefix(start));
            let name = name.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
            names.extend(name.map(str::to_owned));
        }
    }
}

#[tokio::test]
async fn debug_output_of_public_types_masks_secrets() {
    let mut shown = Vec::new();
    of_health(&mut shown).await;
    of_exporter(&mut shown);
    of_routes(&mut shown);
    of_checks(&mut shown);
    let leaks = shown.iter().flat_map(|(name, line, pretty)| {
        let leaks = [line, pretty]
            .into_iter()
            .filter(|text| text.contains(SECRET) || text.contains(OWN));
        leaks.map(move |text| format!("{name}: {text}"))
    });
    let leaks: Vec<_> = leaks.collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));

    let mut types = BTreeSet::new();
    for room in ["health", "exporter", "routes"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        public_types(&folder, &mut types);
    }
    let listed = shown.iter().map(|(name, ..)| *name);
    let listed: BTreeSet<_> = listed.chain(WITHOUT_TEXT.iter().copied()).collect();
    let types: BTreeSet<_> = types.iter().map(String::as_str).collect();
    assert_eq!(types, listed, "each public type is listed here");
}
