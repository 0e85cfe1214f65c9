//! Mails that the server takes without confirming them.

use std::time::Duration;

use serde_json::json;
use tower_vitals::alerts::Receiver;
use tower_vitals::alerts::stores::{DeliveryResult, Event, HistoryQuery};

use super::engine::{engine, fails, fire, has_results, start};
use super::world::plain;
use crate::support::smtp::Mail;

const UNCONFIRMED: &str = "the mail is not confirmed and may arrive twice";
const TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_mail_that_is_not_confirmed_arrives_again_with_the_same_message_id() {
    let server = start(json!({"unconfirmed": 1})).await;
    let email = plain(server.port).timeout(TIMEOUT).build().unwrap();
    let alerts = engine(Receiver::from(email));
    fire(&alerts, "the first").await;
    fails(&alerts, UNCONFIRMED).await;
    let results = has_results(&alerts, 1).await;
    assert_eq!(results, [(DeliveryResult::Delivered, 2)]);
    fire(&alerts, "the second").await;
    has_results(&alerts, 2).await;
    let [first, again, second] = [server.mail(), server.mail(), server.mail()];
    for (name, value) in first.0.as_object().unwrap() {
        // The boundary of the parts is in a header.
        if name != "headers" {
            assert_eq!(again.0[name], *value, "{name}");
        }
    }
    for name in ["Subject", "Date", "In-Reply-To"] {
        assert_eq!(first.header(name), again.header(name));
    }
    let id = |mail: &Mail| mail.header("Message-ID").to_owned();
    assert_eq!(id(&first), id(&again));
    assert_ne!(id(&first), id(&second));
    assert_eq!(second.header("Subject"), "[FIRING:1] the second");
    assert_eq!(server.stop().len(), 0);
}

#[tokio::test]
#[ignore = "needs SMTP: tests/run"]
async fn a_mail_that_was_given_up_may_have_arrived() {
    let server = start(json!({"unconfirmed": 1})).await;
    let email = plain(server.port).timeout(TIMEOUT).build().unwrap();
    let alerts = engine(Receiver::from(email).give_up_after(Duration::from_secs(1)));
    fire(&alerts, "the first").await;
    let results = has_results(&alerts, 1).await;
    assert_eq!(results, [(DeliveryResult::Expired, 1)]);
    let page = alerts.history(&HistoryQuery::latest(1)).await.unwrap();
    let Event::Notification(event) = &page.events[0] else {
        panic!("{page:?}");
    };
    let error = event.error.as_deref().unwrap();
    assert!(error.starts_with(UNCONFIRMED), "{error}");
    assert_eq!(server.mail().header("Subject"), "[FIRING:1] the first");
    assert_eq!(server.stop().len(), 0);
}
