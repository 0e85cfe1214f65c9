//! Vendors that know alerts by a key, as PagerDuty, Opsgenie and Alertmanager document it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use tower_vitals::alerts::state::{AlertId, AlertState, Reason};
use tower_vitals::alerts::stores::Event;

use super::child;
use crate::paging::sink::{Received, Reply, Sink};

/// A firing alert ends at this time after its post, at the earliest.
const HOLD: Duration = Duration::from_secs(60);

/// One firing of an alert, as the history or as a vendor knows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Incident {
    /// Opsgenie is not told.
    pub(super) starts_at: Option<Timestamp>,
    pub(super) is_acknowledged: bool,
    pub(super) is_resolved: bool,
}

/// The incidents of each alert, the first one first, by key: the id of the alert.
pub(super) type Incidents = BTreeMap<String, Vec<Incident>>;

#[derive(Debug, Default)]
pub(super) struct Vendors {
    pub(super) pagerduty: Incidents,
    pub(super) opsgenie: Incidents,
    pub(super) alertmanager: Incidents,
    /// Requests that changed nothing.
    pub(super) repeated: usize,
    /// Triggers of another firing than the open one, and of one that ended.
    mixed: Vec<String>,
}

impl Vendors {
    /// Starts to serve all three.
    pub(super) async fn serve() -> (Arc<Mutex<Self>>, Sink) {
        let vendors = Arc::<Mutex<Self>>::default();
        let served = Arc::clone(&vendors);
        let sink = Sink::new(move |_, request| {
            let status = served.lock().take(request);
            Reply::Says(
                status,
                vec![("connection", "close".to_owned())],
                "{}".into(),
            )
        });
        (vendors, sink.await)
    }

    fn take(&mut self, request: &Received) -> u16 {
        let path: Vec<_> = request.target.split(['/', '?']).collect();
        let body = request.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let is_news = match path[1..] {
            ["v2", "enqueue"] => {
                let starts_at = body["payload"]["timestamp"].as_str();
                let starts_at = starts_at.map(|time| time.parse().unwrap());
                let key = id(&text("dedup_key"));
                let action = text("event_action");
                let last = self.pagerduty.get(&key).and_then(|list| list.last());
                let open = last.filter(|last| !last.is_resolved && action == "trigger");
                if open.is_some_and(|open| open.starts_at != starts_at) {
                    self.mixed.push(format!("{key}: {starts_at:?} at {open:?}"));
                }
                change(&mut self.pagerduty, key, &action, starts_at)
            }
            ["v2", "alerts"] => change(&mut self.opsgenie, id(&text("alias")), "trigger", None),
            ["v2", "alerts", alias, action, "identifierType=alias"] => change(
                &mut self.opsgenie,
                id(&alias.replace("%2D", "-")),
                action,
                None,
            ),
            ["api", "v2", "alerts"] => {
                for alert in body.as_array().unwrap() {
                    self.post(alert);
                }
                return 200;
            }
            _ => panic!("{request:?}"),
        };
        self.repeated += usize::from(!is_news);
        202
    }

    /// Alertmanager knows an alert by its labels, and ends it at its end.
    fn post(&mut self, alert: &Value) {
        let labels = &alert["labels"];
        let label = |name: &str| labels[name].as_str().unwrap();
        let id = match label("alertname") {
            "Load" => child::load_id(label("check")),
            _ => child::code_id(label("component")),
        };
        let time = |name: &str| alert[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        let is_resolved = SystemTime::from(time("endsAt")) < SystemTime::now() + HOLD;
        let starts_at = Some(time("startsAt"));
        let known = self.alertmanager.entry(id.to_string()).or_default();
        let ended = known.iter().filter(|it| it.is_resolved);
        if !is_resolved && ended.into_iter().any(|it| it.starts_at == starts_at) {
            self.mixed.push(format!("{id} ended, and fires: {alert}"));
        }
        match known.last_mut() {
            Some(last) if !last.is_resolved || is_resolved => {
                self.repeated += usize::from(last.is_resolved == is_resolved);
                last.is_resolved = is_resolved;
                if !is_resolved {
                    // It may have ended and fired again between two posts.
                    last.starts_at = starts_at;
                }
            }
            _ => known.push(Incident {
                starts_at,
                is_resolved,
                is_acknowledged: false,
            }),
        }
    }
}

/// The alert's id at the end of its key, which begins with the instance.
fn id(key: &str) -> String {
    let id = key.strip_prefix("shop-1-");
    id.unwrap_or_else(|| panic!("{key}")).to_owned()
}

/// A trigger opens an incident unless one is open. Other actions change the open one. Returns whether anything changed.
fn change(all: &mut Incidents, key: String, action: &str, starts_at: Option<Timestamp>) -> bool {
    let incidents = all.entry(key).or_default();
    let open = incidents.last_mut().filter(|last| !last.is_resolved);
    match (action, open) {
        ("trigger", None) => {
            incidents.push(Incident {
                starts_at,
                ..Incident::default()
            });
            true
        }
        ("acknowledge", Some(open)) => !std::mem::replace(&mut open.is_acknowledged, true),
        ("resolve" | "close", Some(open)) => {
            open.is_resolved = true;
            true
        }
        ("trigger", Some(_)) | ("acknowledge" | "resolve" | "close", None) => false,
        _ => panic!("{action}"),
    }
}

/// The firings of the history.
pub(super) fn firings(events: &[Event]) -> Incidents {
    let mut all = Incidents::new();
    for event in events {
        let Event::Transition(it) = event else {
            continue;
        };
        let incidents = all.entry(it.alert.to_string()).or_default();
        match (it.to, it.reason) {
            (AlertState::Firing, Reason::Acknowledged) => {
                incidents.last_mut().unwrap().is_acknowledged = true;
            }
            (AlertState::Firing, _) => incidents.push(Incident {
                starts_at: Some(it.at.try_into().unwrap()),
                ..Incident::default()
            }),
            (AlertState::Resolved, _) => incidents.last_mut().unwrap().is_resolved = true,
            _ => {}
        }
    }
    all
}

/// The firing alerts.
pub(super) fn open(incidents: &Incidents) -> Vec<&str> {
    let open = incidents.iter();
    let open = open.filter(|(_, list)| list.last().is_some_and(|last| !last.is_resolved));
    open.map(|(id, _)| &**id).collect()
}

/// Each firing of an alert that nobody silenced is one incident, with the same end. Of those that were silenced there are no others,
/// and each ends. Alertmanager gets states, so it knows only which alerts fire.
pub(super) fn assert_agree(vendors: &Vendors, events: &[Event]) {
    assert!(vendors.mixed.is_empty(), "{:#?}", vendors.mixed);
    let expected = firings(events);
    let told: Vec<_> = child::told_ids().iter().map(AlertId::to_string).collect();
    let without_times = |mut incidents: Incidents| {
        let all = incidents.values_mut().flatten();
        all.for_each(|incident| incident.starts_at = None);
        incidents
    };
    for id in &told {
        let (mut found, mut expected) = (vendors.pagerduty.get(id), expected.get(id));
        assert_eq!(found, expected, "PagerDuty: {id}");
        let opsgenie = without_times(vendors.opsgenie.clone());
        let no_times = without_times(firings(events));
        (found, expected) = (opsgenie.get(id), no_times.get(id));
        assert_eq!(found, expected, "Opsgenie: {id}");
    }
    let none = Vec::new();
    for (id, found) in &vendors.pagerduty {
        let mut rest = expected.get(id).unwrap_or(&none).iter();
        for incident in found {
            let same = rest.find(|firing| firing.starts_at == incident.starts_at);
            let same =
                same.unwrap_or_else(|| panic!("{incident:?} of {id} is no firing, or twice"));
            assert_eq!(incident.is_resolved, same.is_resolved, "{incident:?}");
            assert!(same.is_acknowledged || !incident.is_acknowledged);
        }
    }
    for (id, found) in &vendors.opsgenie {
        assert_eq!(
            found.iter().map(|it| it.is_resolved).collect::<Vec<_>>(),
            vendors.pagerduty[id]
                .iter()
                .map(|it| it.is_resolved)
                .collect::<Vec<_>>(),
        );
    }
    let is_told = |id: &&str| told.iter().any(|told| told == id);
    let firing: Vec<_> = open(&expected).into_iter().filter(is_told).collect();
    for (vendor, found) in [
        ("PagerDuty", &vendors.pagerduty),
        ("Opsgenie", &vendors.opsgenie),
        ("Alertmanager", &vendors.alertmanager),
    ] {
        let found: Vec<_> = open(found).into_iter().filter(is_told).collect();
        assert_eq!(found, firing, "{vendor}");
    }
}

/// A real Alertmanager knows the alerts of the rule that fire, and no others. Those that fired in a silence are not posted.
pub(super) fn assert_alertmanager_agrees(url: &str, run: &str, events: &[Event]) {
    let filter = format!("filter=run={run:?}");
    let output = std::process::Command::new("curl")
        .args(["-fsS", "-G", "--data-urlencode", &filter])
        .arg(format!("{url}/api/v2/alerts"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let alerts: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let ids = alerts.iter().map(|alert| {
        let id = child::load_id(alert["labels"]["check"].as_str().unwrap());
        let starts_at = alert["startsAt"].as_str().unwrap().parse::<Timestamp>();
        (id.to_string(), starts_at.unwrap().as_millisecond())
    });
    let told: Vec<_> = child::told_ids().iter().map(AlertId::to_string).collect();
    let loads: Vec<_> = (0..8)
        .map(|shard| child::load_id(shard).to_string())
        .collect();
    let mut found: Vec<_> = ids.filter(|(id, _)| told.contains(id)).collect();
    found.sort();
    let expected = firings(events);
    let firing = open(&expected).into_iter();
    let firing = firing.filter(|id| told.iter().any(|told| told == id));
    let firing = firing.filter(|id| loads.iter().any(|load| load == id));
    let firing: Vec<_> = firing
        .map(|id| {
            let starts_at = expected[id].last().unwrap().starts_at.unwrap();
            (id.to_owned(), starts_at.as_millisecond())
        })
        .collect();
    assert_eq!(found, firing);
}
