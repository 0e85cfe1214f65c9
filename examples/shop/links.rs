//! What to open and to try.

use tower_vitals::Settings;

use crate::home::Home;
use crate::outside::Outside;

/// The pages and routes to open.
const LINKS: [(&str, &str); 18] = [
    ("/", "the shop"),
    ("/dashboard", "all of this on one page"),
    ("/metrics", "Prometheus' text"),
    ("/metrics/json", "the same as JSON"),
    ("/metrics/registries", "what each metric means"),
    (
        "/metrics/history?metric=http_requests_total&sum=true",
        "the last 15 minutes",
    ),
    ("/health/detailed", "each check"),
    ("/readyz", "readiness"),
    ("/jobs", "background jobs"),
    ("/alerts", "alerts"),
    ("/alerts/rules", "alert rules and SLOs"),
    ("/alerts/history", "alerts of the past"),
    ("/admin/config", "settings"),
    ("/admin/log-level", "the filter of the log"),
    ("/docs", "all routes, to try"),
    ("/redoc", "all routes, to read"),
    ("/openapi.json", "the same for programs"),
    ("/debug/tasks", "the async runtime"),
];

pub(crate) fn print(url: &str, outside: &Outside, home: &Home, settings: &Settings) {
    println!("listening on {url}");
    for (path, what) in LINKS {
        println!("open {:<50} {what}", format!("{url}{path}"));
    }
    println!("open {:<50} what the webhook got", outside.sink());
    println!(
        "try  curl -X POST {url}/mood/bad    bad times (good: good ones, cycle: changing ones)"
    );
    println!("     curl -H 'content-type: application/json' -d '{{\"product\":1}}' {url}/checkout");
    println!("     go tool pprof '{url}/debug/pprof/profile?seconds=10'");
    println!("     curl -o flames.svg '{url}/debug/pprof/profile?seconds=10&format=svg'");
    let logs = settings.log_dir.as_deref().unwrap_or_default();
    println!("     tail -f {logs}/app.jsonl");
    println!("     ls {}", home.path(""));
    if settings.monitoring_token.is_some() {
        println!("     Guarded routes need the token in MONITORING_TOKEN.");
    }
}
