//! Notifications: chosen and arbitrary ones.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tower_vitals::alerts::channels::{Channel, Notification, NotificationReason, NotifiedAlert};
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::{Labels, Level};

/// 2026-11-29 02:43:44 UTC.
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_920_224)
}

pub(super) fn empty(reason: NotificationReason) -> Notification {
    Notification::new(reason, "{}:{alertname=\"HighErrorRate\"}", now())
}

/// A test without alerts.
pub(super) fn test() -> Notification {
    let mut notification = empty(NotificationReason::Test);
    notification.text = Some("This is a test.".to_owned());
    notification
}

pub(super) fn alert(
    name: &str,
    level: Level,
    labels: &[(&str, &str)],
    summary: &str,
) -> NotifiedAlert {
    let mut labels: Labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let id = AlertId::of(name, &labels);
    labels.insert("alertname".to_owned(), name.to_owned());
    labels.insert("severity".to_owned(), level.to_string());
    serde_json::from_value(json!({
        "id": id,
        "name": name,
        "level": level,
        "is_firing": true,
        "labels": labels,
        "annotations": {"summary": summary},
        "value": "0.125",
        "starts_at": "2026-11-29T02:40:00.5Z",
        "ends_at": null,
        "acknowledged": null,
    }))
    .unwrap()
}

/// One critical alert of a checkout.
pub(super) fn firing(summary: &str) -> Notification {
    let labels = [("component", "checkout"), ("endpoint", "/pay")];
    let mut notification = empty(NotificationReason::First);
    notification.alerts = vec![alert("HighErrorRate", Level::Critical, &labels, summary)];
    notification.service = Some("shop".to_owned());
    notification.instance = Some("shop-1".to_owned());
    notification.external_url = Some("https://shop.example.com".to_owned());
    notification
}

pub(super) fn many(alerts: usize) -> Notification {
    let mut notification = firing("");
    let alert = |at: usize| {
        let (name, shard) = (format!("Rule{at}"), at.to_string());
        alert(
            &name,
            Level::Warning,
            &[("shard", &shard)],
            &format!("summary {at}"),
        )
    };
    notification.alerts = (0..alerts).map(alert).collect();
    notification
}

pub(super) fn resolve(notification: &mut Notification) {
    notification.reason = NotificationReason::AllResolved;
    for alert in &mut notification.alerts {
        alert.is_firing = false;
        alert.ends_at = Some(now());
    }
}

/// Every markup character of every vendor, and all ways to mention somebody.
pub(super) const MARKUP: &str = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~
*b* _i_ ~s~ **b** __u__ ~~s~~ ||spoiler|| `c` ```block``` <b>x</b> &lt; &amp;amp; \* \\ \n
# h
-# small
> q
>>> qq
- l
+ l
1. x
[a](https://b.example.com/_c_) <https://d.example.com|e> https://f.example.com/g_h_i :smile: ¯\_(ツ)_/¯
<!channel> <!here> <@U012AB3CD> <#C1> <!subteam^S1> @everyone @here <@123> <@&456> <@!7> <t:0:R> <:x:1> </cmd:1> #general
@admin (@admin) x@y.example.com /start@bot tg://user?id=1"##;

/// A runtime for [`always_fits`].
pub(super) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Asserts that the channel delivers arbitrary notifications to a sink that enforces limits.
pub(super) fn always_fits(runtime: &Runtime, channel: &dyn Channel, check: impl Fn(&Notification)) {
    let config = Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&notification(), |notification| {
            let sent = runtime.block_on(channel.send(&notification));
            prop_assert!(sent.is_ok(), "{sent:?}");
            check(&notification);
            Ok(())
        })
        .unwrap();
}

fn notification() -> impl Strategy<Value = Notification> {
    let number = prop_oneof![Just(0), Just(1), 2..20_usize, Just(1_000)];
    let texts = prop::collection::vec(text(), 6);
    let url = prop_oneof![
        text(),
        Just("https://wiki.example.com/a_b?c=d&e=f".to_owned()),
        (0..5_000_usize)
            .prop_map(|length| format!("https://wiki.example.com/{}", "x".repeat(length))),
    ];
    (number, texts, url, any::<[bool; 6]>(), 0..3_000_usize).prop_map(
        |(number, texts, url, flags, left_out)| {
            // A thousand huge alerts need too much memory.
            let most = 30_000 / number.max(3);
            let texts: Vec<String> = texts
                .iter()
                .map(|text| text.chars().take(most).collect())
                .collect();
            let mut notification = empty(NotificationReason::Repeat);
            notification.left_out = left_out;
            let some = |flag: bool, text: &String| flag.then(|| text.clone());
            notification.text = some(flags[0], &texts[0]);
            notification.service = some(flags[1], &texts[1]);
            notification.instance = some(flags[2], &texts[2]);
            let labels = [("component", &*texts[3]), ("shard", &*texts[4])];
            let mut alert = alert(&texts[5], Level::Error, &labels, &texts[0]);
            alert.is_firing = flags[3];
            if flags[4] {
                let mut annotations = BTreeMap::new();
                annotations.insert("description".to_owned(), texts[1].clone());
                annotations.insert("runbook_url".to_owned(), url.chars().take(most).collect());
                alert.annotations = annotations;
            }
            notification.alerts = vec![alert; number];
            notification
        },
    )
}

/// Texts of all lengths, of any characters, of markup, of controls, from right to left, and of emoji.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "\\PC{0,40}",
        "[*_~`|<>&@#\\[\\]()\\\\.:!+-]{1,40}",
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{feff}]{1,20}",
        "[\u{5d0}-\u{5ea}\u{627}-\u{64a} ]{1,40}",
        Just("👩‍👩‍👧‍👦🏳️‍🌈e\u{301}".to_owned()),
        Just("@everyone <!channel> @admin ".to_owned()),
        Just(MARKUP.to_owned()),
        Just("   \n".to_owned()),
    ];
    let times = prop_oneof![8 => 0..3_usize, 2 => 50..200_usize, 1 => Just(2_000)];
    (part, times).prop_map(|(part, times)| part.repeat(times))
}
