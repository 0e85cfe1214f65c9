//! Every channel over HTTP in an engine, against servers that fail in each documented way: what is tried again and when, and what
//! stops a channel.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{
    Alertmanager, Channel, Discord, Heartbeat, Mode, Opsgenie, PagerDuty, Slack, Telegram, Webhook,
};
use tower_vitals::alerts::delivery::ChannelStatus;
use tower_vitals::alerts::stores::{DeliveryResult, Event, HistoryQuery};
use tower_vitals::alerts::{Alert, Alerts, Receiver};

use super::sink::{Reply, Sink, says};

/// A vendor, and its ways to say that it took a message and that there were too many.
struct Vendor {
    name: &'static str,
    channel: fn(&str) -> Arc<dyn Channel>,
    success: (u16, &'static str),
    /// The header and the body.
    too_many: (Option<(&'static str, &'static str)>, &'static str),
    /// The seconds that it names.
    seconds: f64,
    /// The outbox feeds it, so there is a history of its notifications.
    has_outbox: bool,
}

const RETRY_AFTER: Option<(&str, &str)> = Some(("retry-after", "3"));

const VENDORS: [Vendor; 8] = [
    Vendor {
        name: "webhook",
        channel: |url| Arc::new(Webhook::new(url).unwrap()),
        success: (200, ""),
        too_many: (RETRY_AFTER, "slow down"),
        seconds: 3.0,
        has_outbox: true,
    },
    Vendor {
        name: "slack",
        channel: |url| Arc::new(Slack::new(url).unwrap()),
        success: (200, "ok"),
        too_many: (RETRY_AFTER, "rate_limited"),
        seconds: 3.0,
        has_outbox: true,
    },
    Vendor {
        name: "discord",
        channel: |url| Arc::new(Discord::new(url).unwrap()),
        success: (200, "{}"),
        too_many: (
            Some(("retry-after", "1")),
            r#"{"message": "You are being rate limited.", "retry_after": 3.25, "global": false}"#,
        ),
        seconds: 3.25,
        has_outbox: true,
    },
    Vendor {
        name: "telegram",
        channel: |url| {
            let telegram = Telegram::new("111222333:AAAAAAAAAAAAAAAAAAAAAAAAAAA", -1).unwrap();
            Arc::new(telegram.base_url(url).unwrap())
        },
        success: (200, r#"{"ok": true, "result": {}}"#),
        too_many: (
            None,
            r#"{"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 3", "parameters": {"retry_after": 3}}"#,
        ),
        seconds: 3.0,
        has_outbox: true,
    },
    Vendor {
        name: "pagerduty",
        channel: |url| {
            let pagerduty = PagerDuty::new("0123456789abcdef0123456789abcdef").unwrap();
            Arc::new(pagerduty.base_url(url).unwrap())
        },
        success: (202, r#"{"status": "success"}"#),
        too_many: (RETRY_AFTER, ""),
        seconds: 3.0,
        has_outbox: true,
    },
    Vendor {
        name: "opsgenie",
        channel: |url| {
            let opsgenie = Opsgenie::new("01234567-1234-5678-9abc-0123456789ab").unwrap();
            Arc::new(opsgenie.base_url(url).unwrap())
        },
        success: (202, r#"{"result": "Request will be processed"}"#),
        too_many: (Some(("x-ratelimit-period-in-sec", "3")), ""),
        seconds: 3.0,
        has_outbox: true,
    },
    Vendor {
        name: "alertmanager",
        channel: |url| Arc::new(Alertmanager::new([url]).unwrap()),
        success: (200, ""),
        too_many: (RETRY_AFTER, ""),
        seconds: 3.0,
        has_outbox: false,
    },
    Vendor {
        name: "heartbeat",
        channel: |url| {
            let heartbeat = Heartbeat::new(url).unwrap();
            Arc::new(heartbeat.every(Duration::from_secs(1)))
        },
        success: (200, "OK"),
        too_many: (RETRY_AFTER, ""),
        seconds: 3.0,
        has_outbox: false,
    },
];

const TIMEOUT: Duration = Duration::from_millis(300);
/// On a loaded machine, a request arrives some time after its attempt began, and the next attempt begins late. In seconds.
const LATENESS: f64 = 0.4;
const DELAY: f64 = 2.0;

/// The behaviours of the servers.
const CASES: [&str; 7] = ["fails", "hangs", "400", "401", "403", "404", "410"];

impl Vendor {
    /// The replies in their order. The last one goes on.
    fn replies(&self, case: &str) -> Vec<Reply> {
        let (status, body) = self.success;
        let success = says(status, body);
        let (header, body) = self.too_many;
        let header = header.map(|(name, value)| (name, value.to_owned()));
        let too_many = Reply::Says(429, header.into_iter().collect(), body.to_owned());
        match case {
            "fails" => vec![says(500, "broken"), too_many, Reply::Resets, success],
            "hangs" => vec![Reply::Hangs, success],
            status => vec![says(status.parse().unwrap(), "no")],
        }
    }

    async fn server(&self, case: &str) -> Sink {
        let replies = self.replies(case);
        Sink::new(move |earlier, _| replies[earlier.min(replies.len() - 1)].clone()).await
    }

    /// The time after the failure with this number, in seconds. The engine's own times vary by a fifth.
    fn wait(&self, case: &str, failure: usize) -> Range<f64> {
        let (least, most) = match (case, failure) {
            ("fails", 1) => (self.seconds, self.seconds),
            // The third failure in a row. A heartbeat waits no longer than the time between two beats.
            ("fails", 2) if self.name == "heartbeat" => (0.8, 1.2),
            ("fails", 2) => (3.2, 4.8),
            ("hangs", _) => (1.1, 1.5),
            _ => (0.8, 1.2),
        };
        least - LATENESS..most + DELAY
    }
}

/// Waits until it is true, for at most a minute.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "after a minute: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct World {
    sinks: BTreeMap<String, Sink>,
    /// That of all vendors but the heartbeat, and one for each heartbeat, which is silent while another channel of its engine is stopped.
    engines: Vec<Alerts>,
}

impl World {
    /// Every vendor in every case, under names such as `slack 401`.
    async fn new() -> Self {
        let mut sinks = BTreeMap::new();
        let mut builder = Alerts::builder().manual();
        let mut engines = Vec::new();
        for vendor in &VENDORS {
            for case in CASES {
                let sink = vendor.server(case).await;
                let name = format!("{} {case}", vendor.name);
                let channel = (vendor.channel)(&sink.url());
                let takes_notifications = channel.mode() == Mode::Notifications;
                let mut receiver = Receiver::new(&name, channel);
                if takes_notifications {
                    receiver = receiver
                        .group_wait(Duration::ZERO)
                        .group_interval(Duration::from_secs(1));
                }
                if case == "hangs" {
                    receiver = receiver.timeout(TIMEOUT);
                }
                if vendor.name == "heartbeat" {
                    let own = Alerts::builder().manual().channel(receiver);
                    engines.push(own.run().unwrap());
                } else {
                    builder = builder.channel(receiver);
                }
                sinks.insert(name, sink);
            }
        }
        engines.push(builder.run().unwrap());
        Self { sinks, engines }
    }

    async fn fire(&self, text: &str) {
        let snapshot = Prometheus::builder().build().unwrap().snapshot();
        let now = SystemTime::now();
        for alerts in &self.engines {
            alerts.fire(Alert::error(text).component("api"));
            let changed = alerts.evaluate_at(&snapshot, now).await.unwrap();
            assert_eq!(changed.len(), 1);
        }
    }

    fn requests(&self, vendor: &Vendor, case: &str) -> usize {
        self.sinks[&format!("{} {case}", vendor.name)]
            .received()
            .len()
    }

    /// The seconds between the requests.
    fn waits(&self, vendor: &Vendor, case: &str) -> Vec<f64> {
        let received = self.sinks[&format!("{} {case}", vendor.name)].received();
        let pairs = received.windows(2);
        pairs
            .map(|pair| (pair[1].at - pair[0].at).as_secs_f64())
            .collect()
    }

    fn status(&self, vendor: &Vendor, case: &str) -> ChannelStatus {
        let name = format!("{} {case}", vendor.name);
        let channels = self.engines.iter().map(|alerts| alerts.stats().channels);
        channels
            .flatten()
            .find(|status| status.name == name)
            .unwrap()
    }

    /// The results of the notifications to a channel, the first one first: with the number of attempts.
    async fn results(&self, vendor: &Vendor, case: &str) -> Vec<(DeliveryResult, u32)> {
        let alerts = self.engines.last().unwrap();
        let page = alerts.history(&HistoryQuery::latest(1_000)).await;
        let events = page.unwrap().events.into_iter().rev();
        let name = format!("{} {case}", vendor.name);
        let results = events.filter_map(|event| match event {
            Event::Notification(event) if event.channel == name => {
                Some((event.result, event.attempts))
            }
            _ => None,
        });
        results.collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_of_each_vendor_is_retried_in_time_or_stops_the_channel() {
    use DeliveryResult::{Delivered, Rejected, Stopped};
    let world = World::new().await;
    world.fire("the first").await;
    let expected = |case: &str| match case {
        "fails" => 4,
        "hangs" => 2,
        _ => 1,
    };
    eventually("all requests of the first alert", async || {
        VENDORS.iter().all(|vendor| {
            let has_all = |case| world.requests(vendor, case) >= expected(case);
            CASES.into_iter().all(has_all)
        })
    })
    .await;
    for vendor in &VENDORS {
        for case in ["fails", "hangs"] {
            let mut waits = world.waits(vendor, case);
            if vendor.name == "heartbeat" {
                // It beats each second after its success.
                waits.truncate(expected(case) - 1);
            }
            assert_eq!(waits.len() + 1, expected(case), "{} {case}", vendor.name);
            for (failure, wait) in waits.iter().enumerate() {
                let allowed = vendor.wait(case, failure);
                let name = vendor.name;
                assert!(
                    allowed.contains(wait),
                    "{name} {case}: {wait} s after failure {failure}, not {allowed:?}"
                );
            }
        }
    }

    // The second alert reaches the channels that are not stopped.
    let is_stopped = |case: &str| ["401", "403", "404", "410"].contains(&case);
    let name = |vendor: &Vendor, case: &str| format!("{} {case}", vendor.name);
    eventually("the channels have settled", async || {
        VENDORS.iter().all(|vendor| {
            CASES.into_iter().all(|case| {
                let status = world.status(vendor, case);
                status.waiting == 0 && status.stopped.is_some() == is_stopped(case)
            })
        })
    })
    .await;
    world.fire("the second").await;
    // The heartbeat beats on in any case.
    let is_told = |vendor: &&Vendor| vendor.name != "heartbeat";
    eventually("the requests of the second alert", async || {
        VENDORS.iter().filter(is_told).all(|vendor| {
            let open = CASES.into_iter().filter(|case| !is_stopped(case));
            open.into_iter()
                .all(|case| world.requests(vendor, case) > expected(case))
        })
    })
    .await;
    for vendor in &VENDORS {
        for case in CASES.into_iter().filter(|case| is_stopped(case)) {
            let name = name(vendor, case);
            assert_eq!(world.requests(vendor, case), 1, "{name}");
            let error = world.status(vendor, case).stopped.unwrap().error;
            assert!(
                error.contains(&format!("the response is {case}")),
                "{name}: {error}"
            );
        }
    }
    eventually("all results are in the history", async || {
        let mut all = true;
        for vendor in VENDORS.iter().filter(|vendor| vendor.has_outbox) {
            for case in CASES {
                let expected = match case {
                    "fails" => [(Delivered, 4), (Delivered, 1)],
                    "hangs" => [(Delivered, 2), (Delivered, 1)],
                    "400" => [(Rejected, 1), (Rejected, 1)],
                    _ => [(Stopped, 1), (Stopped, 0)],
                };
                let results = world.results(vendor, case).await;
                if results.len() == 2 {
                    assert_eq!(results, expected, "{} {case}", vendor.name);
                } else {
                    all = false;
                }
            }
        }
        all
    })
    .await;
    for alerts in &world.engines {
        alerts.shutdown(Duration::from_secs(5)).await;
    }
}

#[test]
fn an_attempt_may_take_as_long_as_its_channel_needs() {
    let url = "http://127.0.0.1:1";
    let seconds = VENDORS.map(|vendor| (vendor.name, (vendor.channel)(url).timeout().as_secs()));
    let expected = [
        ("webhook", 10),
        ("slack", 10),
        ("discord", 10),
        ("telegram", 10),
        // One request for each alert, or for each batch of alerts.
        ("pagerduty", 60),
        ("opsgenie", 60),
        ("alertmanager", 60),
        ("heartbeat", 10),
    ];
    assert_eq!(seconds, expected);
    let slow = Alertmanager::new([url]).unwrap();
    // The time of a batch.
    let slow: &dyn Channel = &slow.timeout(Duration::from_secs(20));
    assert_eq!(slow.timeout(), Duration::from_secs(240));
}
