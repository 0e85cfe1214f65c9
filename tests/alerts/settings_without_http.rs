//! Without the feature `alerts-http`, settings that name a channel are a mistake, not a channel that is missed later.

use tower_vitals::Settings;
use tower_vitals::alerts::Alerts;

#[tokio::test]
async fn a_channel_of_the_settings_needs_the_feature() {
    let run = |vars: &[(&str, &str)]| {
        let settings = Settings::from_vars(vars.iter().copied()).unwrap();
        let result = Alerts::builder().settings(&settings).run();
        result.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(run(&[("ALERT_COOLDOWN_MINUTES", "1")]), Ok(()));
    assert_eq!(run(&[("TELEGRAM_TOKEN", "1:a")]), Ok(()));
    let needs = |name| format!("{name} is set: it needs the feature alerts-http");
    let webhook = ("ALERT_WEBHOOK_URL", "https://example.org/");
    assert_eq!(run(&[webhook]), Err(needs("ALERT_WEBHOOK_URL")));
    assert_eq!(
        run(&[("MANAGER_CHAT_ID", "1")]),
        Err(needs("MANAGER_CHAT_ID"))
    );
}
