//! `Debug` output of the crate's types.

use std::error::Error as _;
use std::time::SystemTime;

use tower_vitals::Error;
use tower_vitals::alerts::slo::Slo;
use tower_vitals::alerts::state::{Alert, State};
use tower_vitals::health::Outcome;
use tower_vitals::health::checks::{Disk, Tcp};

#[test]
fn debug_output_shows_no_secret() {
    let url = "postgres://app:hunter2@db:5432";
    let outcome = Outcome::unhealthy()
        .message(format!("cannot reach {url}"))
        .data("password", "hunter2")
        .data("url", url);
    let error = Error::external(
        format!("no route to {url}"),
        format!("password=hunter2 {url}"),
    );
    let alert = Alert::error(format!("no route to {url}")).label("password", "hunter2");
    let mut state = State::default();
    state.fire(alert, SystemTime::now());
    let mut slo = Slo::availability("checkout", 0.999).runbook_url(format!("{url}/runbook"));
    slo.labels
        .insert("password".to_owned(), "hunter2".to_owned());
    for debug in [
        format!("{state:?}"),
        format!("{slo:?}"),
        format!("{:?}", slo.alerts()),
        format!("{:?}", Tcp::new(url)),
        format!("{:?}", Disk::new("/mnt/token=hunter2")),
        format!("{outcome:?}"),
        format!("{outcome:#?}"),
        format!("{error:?}"),
        format!("{error:#?}"),
    ] {
        assert!(debug.contains("[redacted]"), "{debug}");
        assert!(!debug.contains("hunter2"), "{debug}");
    }
    assert_eq!(
        error.to_string(),
        "no route to postgres://app:[redacted]@db:5432"
    );
    assert!(error.source().is_some());
    assert_eq!(
        format!("{:?}", Tcp::new("mail.internal:25")),
        "Tcp { address: \"mail.internal:25\" }"
    );
}
