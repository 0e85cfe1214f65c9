//! `Inbox`: what code of the service asked for and the engine has not done yet.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::alerts::state::{AlertId, CodeAlert};

/// The most requests that wait. More are counted and left out.
const MAX_WAITING: usize = 10_000;

/// A request of code.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Fire(CodeAlert),
    Clear(AlertId),
}

impl Request {
    /// The alert.
    pub(super) fn id(&self) -> AlertId {
        match self {
            Self::Fire(alert) => alert.id(),
            Self::Clear(id) => *id,
        }
    }
}

/// What code of the service asked for and the engine has not done yet. Asking never waits.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    /// The last request of an alert, if that fires it: another one takes its place.
    fires: HashMap<AlertId, usize>,
    left_out: u64,
}

impl Inbox {
    pub(super) fn fire(&self, alert: CodeAlert) {
        let id = alert.id();
        let mut waiting = self.waiting.lock();
        let known = waiting.fires.get(&id).copied();
        if let Some(last) = known.and_then(|index| waiting.requests.get_mut(index)) {
            *last = Request::Fire(alert);
        } else if waiting.requests.len() < MAX_WAITING {
            let index = waiting.requests.len();
            waiting.fires.insert(id, index);
            waiting.requests.push(Request::Fire(alert));
        } else {
            waiting.left_out += 1;
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    pub(super) fn clear(&self, id: AlertId) {
        let mut waiting = self.waiting.lock();
        waiting.fires.remove(&id);
        if waiting.requests.len() < MAX_WAITING {
            waiting.requests.push(Request::Clear(id));
        } else {
            waiting.left_out += 1;
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    pub(super) fn put(&self, request: Request) {
        match request {
            Request::Fire(alert) => self.fire(alert),
            Request::Clear(id) => self.clear(id),
        }
    }

    /// All requests, the oldest first.
    pub(super) fn take(&self) -> Vec<Request> {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        if waiting.left_out > 0 {
            let left_out = waiting.left_out;
            tracing::error!(
                left_out,
                limit = MAX_WAITING,
                "code fired or cleared too many alerts at once: some are left out"
            );
        }
        waiting.requests
    }

    /// Ends the wait for a request without one.
    pub(super) fn wake(&self) {
        self.arrived.notify_one();
    }

    /// Waits for the next request.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::level::Level;

    fn alert(name: &str, text: &str) -> CodeAlert {
        CodeAlert::new("api", text, Level::Error).name(name)
    }

    fn short(requests: &[Request]) -> Vec<String> {
        let short = |request: &Request| match request {
            Request::Fire(alert) => format!("fire {}", alert.text()),
            Request::Clear(_) => "clear".to_owned(),
        };
        requests.iter().map(short).collect()
    }

    #[test]
    fn a_repeated_alert_waits_once_with_its_last_text_and_the_order_of_clear_stays() {
        let inbox = Inbox::default();
        inbox.fire(alert("a", "a1"));
        inbox.fire(alert("b", "b1"));
        inbox.fire(alert("a", "a2"));
        inbox.clear(alert("a", "").id());
        inbox.fire(alert("a", "a3"));
        assert_eq!(
            short(&inbox.take()),
            ["fire a2", "fire b1", "clear", "fire a3"]
        );
        assert!(inbox.take().is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let inbox = Inbox::default();
        for number in 0..MAX_WAITING + 5 {
            inbox.fire(alert(&number.to_string(), "x"));
        }
        assert_eq!(inbox.waiting.lock().left_out, 5);
        assert_eq!(inbox.take().len(), MAX_WAITING);
    }
}
