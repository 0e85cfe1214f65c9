//! A receiver that records requests and plays its replies.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};

use crate::support::until;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(super) head: String,
    pub(crate) body: Vec<u8>,
    pub(super) at: Instant,
}

impl Received {
    /// The value of a header with this name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(str::trim)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, headers and body.
    Says(u16, Vec<(&'static str, String)>, String),
    /// No response while the connection is open.
    Hangs,
    /// A connection reset.
    Resets,
}

pub(crate) fn says(status: u16, body: &str) -> Reply {
    Reply::Says(status, Vec::new(), body.to_owned())
}

type Answer = dyn Fn(usize, &Received) -> Reply + Send + Sync;

#[derive(Clone)]
pub(crate) struct Sink {
    pub(super) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// Gets a permit for each hanging connection that its client closed.
    given_up: Arc<Semaphore>,
}

impl Sink {
    /// `answer` gets the number of earlier requests, and the request.
    pub(crate) async fn new(
        answer: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            given_up: Arc::new(Semaphore::new(0)),
        };
        let (served, answer): (_, Arc<Answer>) = (sink.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sink, answer) = (served.clone(), Arc::clone(&answer));
                tokio::spawn(async move { sink.serve(stream, &*answer).await });
            }
        });
        sink
    }

    /// Always the same reply.
    pub(super) async fn always(reply: Reply) -> Self {
        Self::new(move |_, _| reply.clone()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        self.received().iter().map(Received::json).collect()
    }

    async fn serve(&self, mut stream: TcpStream, answer: &Answer) -> Option<()> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let mut line = head.lines().next()?.split(' ');
        let mut request = Received {
            method: line.next()?.to_owned(),
            target: line.next()?.to_owned(),
            head,
            body: Vec::new(),
            at: Instant::now(),
        };
        let length = request.header("content-length");
        let length = length.map_or(0, |length| length.parse().unwrap());
        request.body = bytes.split_off(end);
        while request.body.len() < length {
            (stream.read_buf(&mut request.body).await.ok()? > 0).then_some(())?;
        }
        let earlier = {
            let mut received = self.received.lock().unwrap();
            received.push(request.clone());
            received.len() - 1
        };
        match answer(earlier, &request) {
            Reply::Says(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} -\r\n");
                for (name, value) in headers {
                    head = format!("{head}{name}: {value}\r\n");
                }
                let response = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(response.as_bytes()).await.ok()?;
            }
            Reply::Hangs => {
                let _ = stream.read(&mut [0; 1]).await;
                self.given_up.add_permits(1);
            }
            Reply::Resets => stream.set_zero_linger().ok()?,
        }
        Some(())
    }

    /// Asserts that the channel waits for a reply that never comes, and that it closes the connection when it is dropped.
    pub(super) async fn assert_waits(&self, channel: &impl Channel, notification: &Notification) {
        {
            let mut send = channel.send(notification);
            let arrived = until("the request arrives", async || !self.received().is_empty());
            tokio::select! {
                result = &mut send => panic!("{result:?}"),
                () = arrived => {}
            }
        }
        let closed = self.given_up.acquire();
        let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
        closed.unwrap().unwrap().forget();
    }
}

/// The kind of a result, and the time to wait.
pub(super) fn kind(result: &Result<(), DeliveryError>) -> (&'static str, Option<Duration>) {
    match result {
        Ok(()) => ("ok", None),
        Err(DeliveryError::Retry { after, .. }) => ("retry", *after),
        Err(DeliveryError::Rejected { .. }) => ("rejected", None),
        Err(DeliveryError::Stopped { .. }) => ("stopped", None),
        Err(other) => panic!("{other:?}"),
    }
}

/// Asserts the treatment of the common errors, of a hanging server, of a reset, and of a server that is not there.
pub(super) async fn assert_common<C: Channel>(
    channel: impl Fn(&str) -> C,
    notification: &Notification,
) {
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    for (status, retry_after, expected) in [
        (401, None, ("stopped", None)),
        (403, None, ("stopped", None)),
        (404, None, ("stopped", None)),
        (410, None, ("stopped", None)),
        (429, None, ("retry", None)),
        (429, Some("17"), ("retry", seconds(17.0))),
        (500, None, ("retry", None)),
        (503, Some("2.5"), ("retry", seconds(2.5))),
    ] {
        let headers = retry_after.map(|after: &str| ("retry-after", after.to_owned()));
        let headers = headers.into_iter().collect();
        let sink = Sink::always(Reply::Says(status, headers, "no".to_owned())).await;
        let result = channel(&sink.url()).send(notification).await;
        assert_eq!(kind(&result), expected, "{status} {retry_after:?}");
        let message = result.unwrap_err().to_string();
        assert!(message.contains(&status.to_string()), "{message}");
    }
    let sink = Sink::always(Reply::Hangs).await;
    sink.assert_waits(&channel(&sink.url()), notification).await;
    let sink = Sink::always(Reply::Resets).await;
    let result = channel(&sink.url()).send(notification).await;
    assert_eq!(kind(&result), ("retry", None), "{result:?}");
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let result = channel(&format!("http://{address}"))
        .send(notification)
        .await;
    assert_eq!(kind(&result), ("retry", None), "{result:?}");
}
