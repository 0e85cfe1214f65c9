//! Receivers that quote all secrets in their errors.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The secrets of the channels. All others are `pl4nted-` and a word.
pub(super) const SLACK: &str = "pl4ntedSlackTokenOf24Chr";
pub(super) const DISCORD: &str = "pl4ntedDiscordToken-of_68";
pub(super) const TELEGRAM: &str = "111222333:pl4ntedTelegramTokenTokenTokenTok";
pub(super) const WEBHOOK: &str = "pl4ntedWebhookPathToken";
pub(super) const BEARER: &str = "pl4ntedBearerToken";
pub(super) const SIGNING: &str = "whsec_cGw0bnRlZFNpZ25pbmdTZWNyZXRTZWNyZXQ=";
pub(super) const PAGERDUTY: &str = "pl4ntedpagerdutyroutingkey012345";
pub(super) const OPSGENIE: &str = "pl4ntedo-1234-5678-9abc-0123456789ab";
pub(super) const BEAT: &str = "pl4ntedb-1234-5678-9abc-0123456789ab";
const CHANNELS: [&str; 9] = [
    SLACK, DISCORD, TELEGRAM, WEBHOOK, BEARER, SIGNING, PAGERDUTY, OPSGENIE, BEAT,
];

/// Everything that was received, by the first part of the path.
#[derive(Clone, Default)]
pub(super) struct Received(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Received {
    pub(super) fn all(&self) -> BTreeMap<String, Vec<String>> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, name: &str, text: String) -> usize {
        let mut all = self.0.lock().unwrap();
        let texts = all.entry(name.to_owned()).or_default();
        texts.push(text);
        texts.len()
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.0.lock().unwrap().get(name).map_or(0, Vec::len)
    }
}

/// An error that quotes all secrets.
fn quoting() -> String {
    format!(
        "cannot take {} with Authorization: Bearer {BEARER} at http://user:pl4nted-url@h/x, password=pl4nted-answer",
        CHANNELS.join(" ")
    )
}

/// Receivers of all vendors, by the first part of the path. The first request of each fails, and `stopped` refuses all.
pub(super) async fn vendors(received: Received) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let app = Router::new().fallback(move |request: Request<Body>| {
        let received = received.clone();
        async move {
            let path = request.uri().path().to_owned();
            let name = path.split('/').nth(1).unwrap().to_owned();
            let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let count = received.add(&name, String::from_utf8(body.to_vec()).unwrap());
            // A heart that beats while all channels work is heard.
            let is_heard = received.count("heartbeat") > 0;
            let (status, body) = match (&*name, count) {
                ("stopped", _) if !is_heard => (503, quoting()),
                ("stopped", _) => (401, quoting()),
                (_, 1) => (503, quoting()),
                ("slack", _) => (200, "ok".to_owned()),
                ("telegram", _) => (200, r#"{"ok":true,"result":{}}"#.to_owned()),
                ("pagerduty" | "opsgenie", _) => (202, "{}".to_owned()),
                _ => (200, "{}".to_owned()),
            };
            let status = StatusCode::from_u16(status).unwrap();
            Response::builder()
                .status(status)
                .body(Body::from(body))
                .unwrap()
        }
    });
    tokio::spawn(async { axum::serve(listener, app).await });
    host
}

/// A mail server that refuses the first mail.
pub(super) async fn mail_server(received: Received) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_mail(stream, received.clone()));
        }
    });
    port
}

async fn serve_mail(stream: TcpStream, received: Received) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail\r\n").await.ok()?;
    let mut lines = String::new();
    let mut is_data = false;
    loop {
        let start = lines.len();
        (stream.read_line(&mut lines).await.ok()? > 0).then_some(())?;
        let line = lines[start..].trim_end();
        let command = line.get(..4).unwrap_or_default();
        let answer = match (is_data, line, command) {
            (true, ".", _) => {
                is_data = false;
                let count = received.add("email", std::mem::take(&mut lines));
                match count {
                    1 => format!("451 {}\r\n", quoting()),
                    _ => "250 taken\r\n".to_owned(),
                }
            }
            (true, ..) => continue,
            (false, _, "EHLO") => "250-mail\r\n250 AUTH PLAIN\r\n".to_owned(),
            (false, _, "AUTH") => "235 ok\r\n".to_owned(),
            (false, _, "DATA") => {
                is_data = true;
                lines.clear();
                "354 go on\r\n".to_owned()
            }
            _ => "250 ok\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
