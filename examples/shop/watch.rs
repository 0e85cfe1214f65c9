//! Alert rules, service level objectives, and where alerts go.

use std::time::Duration;

use tower_vitals::alerts::channels::{Log, from_webhook_url};
use tower_vitals::alerts::slo::{Slo, Slos};
use tower_vitals::alerts::stores::SqliteAlerts;
use tower_vitals::alerts::{Alerts, Level, Receiver, Rule, Rules, Selector, Signal};
use tower_vitals::catalog::Catalog;
use tower_vitals::{Error, Prometheus, Settings};

use crate::home::Home;
use crate::metrics::WAITING;
use crate::outside::Outside;

/// Short, because you watch, and times change soon. The default rules have 5 minutes.
const WINDOW: Duration = Duration::from_secs(10);

pub(crate) fn alerts(
    prometheus: &Prometheus,
    settings: &Settings,
    catalog: Catalog,
    home: &Home,
    url: &str,
    outside: &Outside,
) -> Result<Alerts, Error> {
    let seconds = Duration::from_secs;
    Alerts::builder()
        .service("shop")
        .external_url(url)
        .metrics(prometheus.clone())
        .rules(rules(settings, catalog)?)
        .slos(
            Slos::builder()
                .slo(Slo::availability("checkout", 0.99).matching("endpoint", "/checkout"))
                .slo(
                    Slo::latency("<small>products</small>", Duration::from_millis(250), 0.95)
                        .matching("endpoint", "/products"),
                ),
        )
        .channel(Log::new())
        // Short times, because you watch. The defaults are 30 s, 5 min and 5 min.
        .channel(
            Receiver::new("sink", from_webhook_url(&outside.sink())?)
                .group_wait(seconds(1))
                .group_interval(seconds(5))
                .cooldown(seconds(5))
                .max_per_hour(10_000),
        )
        // As well, if ALERT_WEBHOOK_URL or TELEGRAM_TOKEN is set.
        .settings(settings)
        .store(SqliteAlerts::open(home.path("alerts.db")))
        .interval(seconds(1))
        .settle(seconds(1))
        .run()
}

fn rules(settings: &Settings, catalog: Catalog) -> Result<Rules, Error> {
    let requests = Selector::new("http_requests_total");
    let failed = requests.clone().starts_with("status", "5");
    let calls = Selector::new("external_api_requests_total");
    // A declined card is no failure of the API.
    let unpaid = calls
        .clone()
        .not_starts_with("status", "2")
        .ne("status", "402")
        .ne("status", "cancelled");
    Rules::builder()
        .catalog(catalog)
        .defaults(settings)
        // Over 5 minutes, good and bad times are the same.
        .remove("HighErrorRate")
        .remove("ExternalApiErrors")
        .rule(
            Rule::new("CheckoutErrors", Signal::ratio(failed, requests, WINDOW).by(["endpoint"]))
                .gt(0.05)
                .consecutive(2)
                .level(Level::Critical)
                .summary("{{ value | percent }} of requests to {{ labels.endpoint }} fail"),
        )
        .rule(
            Rule::new("PaymentErrors", Signal::ratio(unpaid, calls, WINDOW).by(["service"]))
                .gt(0.2)
                .consecutive(2)
                .level(Level::Error)
                .summary("{{ value | percent }} of calls of <a href=\"javascript:alert(1)\">{{ labels.service }}</a> fail")
                .description("The shop cannot take money. Is the partner down?")
                .runbook_url("https://example.com/runbooks/payments"),
        )
        .rule(
            Rule::new("DeliveriesWait", Signal::max(WAITING.name))
                .gt(10.0)
                .for_duration(Duration::from_secs(3))
                .keep_firing_for(Duration::from_secs(5))
                .summary("{{ value }} orders wait for their delivery"),
        )
        .build()
}
