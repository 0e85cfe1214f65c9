//! A server that answers as a vendor does.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde_json::Value as Json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_vitals::alerts::channels::{Channel, DeliveryError};

/// A request that the sink received.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A response, or none.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Response(u16, Vec<(&'static str, String)>, String),
    Hang,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl ToString) -> Self {
        Self::Response(status, Vec::new(), body.to_string())
    }

    pub(super) fn header(self, name: &'static str, value: impl ToString) -> Self {
        match self {
            Self::Response(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Self::Response(status, headers, body)
            }
            Self::Hang => self,
        }
    }
}

type Vendor = fn(&Received) -> Answer;

/// Answers with the scripted answers first, then as the vendor does.
pub(super) struct Sink {
    pub(super) url: String,
    received: watch::Sender<Vec<Received>>,
    script: Arc<Mutex<VecDeque<Answer>>>,
}

impl Sink {
    pub(super) async fn start(vendor: Vendor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = watch::Sender::new(Vec::new());
        let script = Arc::new(Mutex::new(VecDeque::new()));
        let (to, next) = (received.clone(), Arc::clone(&script));
        let app = Router::new().fallback(move |request: Request<Body>| {
            let (to, next) = (to.clone(), Arc::clone(&next));
            async move {
                let (parts, body) = request.into_parts();
                assert_eq!(parts.method, "POST");
                let received = Received {
                    target: parts.uri.to_string(),
                    headers: parts.headers,
                    body: to_bytes(body, usize::MAX).await.unwrap(),
                };
                let answer = next.lock().unwrap().pop_front();
                let answer = answer.unwrap_or_else(|| vendor(&received));
                to.send_modify(|all| all.push(received));
                let Answer::Response(status, headers, body) = answer else {
                    return std::future::pending().await;
                };
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(body)).unwrap()
            }
        });
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            url,
            received,
            script,
        }
    }

    pub(super) fn script(&self, answer: Answer) {
        self.script.lock().unwrap().push_back(answer);
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    pub(super) fn last(&self) -> Received {
        self.received.borrow().last().unwrap().clone()
    }

    /// What the channel makes of this answer.
    pub(super) async fn outcome(&self, channel: &dyn Channel, answer: Answer) -> Outcome {
        self.script(answer);
        let notification = super::notifications::test();
        Outcome::of(channel.send(&notification).await)
    }

    /// A send waits for the answer, and can be dropped. The next one works.
    pub(super) async fn hangs(&self, channel: &dyn Channel) {
        let notification = super::notifications::test();
        self.script(Answer::Hang);
        let mut received = self.received.subscribe();
        let known = received.borrow_and_update().len();
        {
            let mut send = pin!(channel.send(&notification));
            tokio::select! {
                result = &mut send => panic!("{result:?}"),
                arrived = received.wait_for(|all| all.len() > known) => drop(arrived.unwrap()),
            }
            assert!(futures_util::poll!(&mut send).is_pending());
        }
        channel.send(&notification).await.unwrap();
    }
}

/// How a delivery ended, without its message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Delivered,
    Retry(Option<Duration>),
    Rejected,
    Stopped,
}

impl Outcome {
    pub(super) fn of(result: Result<(), DeliveryError>) -> Self {
        match result {
            Ok(()) => Self::Delivered,
            Err(DeliveryError::Retry { after, .. }) => Self::Retry(after),
            Err(DeliveryError::Rejected { .. }) => Self::Rejected,
            Err(DeliveryError::Stopped { .. }) => Self::Stopped,
            Err(other) => panic!("{other:?}"),
        }
    }
}

pub(super) fn retry(seconds: f64) -> Outcome {
    Outcome::Retry(Some(Duration::from_secs_f64(seconds)))
}

/// Asserts that no connection is an error that names the server and the reason, but not the path.
pub(super) async fn connection_errors<C: Channel>(make: impl Fn(&str) -> C, secret: &str) {
    let refused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = refused.local_addr().unwrap();
    drop(refused);
    let notification = super::notifications::test();
    let channel = make(&format!("http://{address}"));
    let error = channel.send(&notification).await.unwrap_err();
    let message = error.to_string();
    assert_eq!(Outcome::of(Err(error)), Outcome::Retry(None));
    let expected = format!("cannot connect to {address}");
    assert!(message.contains(&expected), "{message}");
    assert!(message.contains("refused"), "{message}");
    assert!(!message.contains(secret), "{message}");

    // A connection that is closed with unread data is reset.
    let resetting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = resetting.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = resetting.accept().await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
    });
    let error = make(&format!("http://{address}")).send(&notification).await;
    let error = error.unwrap_err();
    server.await.unwrap();
    assert!(error.to_string().contains("no response from"), "{error}");
    assert!(!error.to_string().contains(secret), "{error}");
    assert_eq!(Outcome::of(Err(error)), Outcome::Retry(None));
}

/// The length in the unit of JavaScript, which never counts less than characters.
pub(super) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text, or a panic that shows the value.
#[track_caller]
pub(super) fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {value}"))
}
