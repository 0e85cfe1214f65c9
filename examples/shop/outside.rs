//! `Outside`: the servers that other companies would run, on an address of their own: a payment API and a chat room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::chance::Chance;
use crate::mood::Mood;

const KEPT: usize = 100;

pub(crate) struct Outside {
    url: String,
}

#[derive(Clone)]
struct World {
    mood: Mood,
    chance: Chance,
    received: Arc<Mutex<VecDeque<Value>>>,
}

impl Outside {
    pub(crate) async fn serve(mood: Mood, chance: Chance) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let world = World {
            mood,
            chance,
            received: Arc::default(),
        };
        let app = Router::new()
            .route("/payments/health", get(health))
            .route("/payments/charges/{order}", post(charge))
            .route("/sink", get(received).post(receive))
            .with_state(world);
        tokio::spawn(axum::serve(listener, app).into_future());
        Ok(Self { url })
    }

    /// The URL of a path of the payment API.
    pub(crate) fn payments(&self, path: &str) -> String {
        format!("{}/payments/{path}", self.url)
    }

    /// The URL of the chat room: alerts are posted there, and it shows the last ones.
    pub(crate) fn sink(&self) -> String {
        format!("{}/sink", self.url)
    }
}

async fn health(State(world): State<World>) -> StatusCode {
    if world.mood.is_bad() {
        sleep(Duration::from_millis(300)).await;
    }
    StatusCode::OK
}

/// In bad times a third of the charges fails, and a fifth takes longer than the shop waits.
async fn charge(State(world): State<World>, Path(order): Path<u64>) -> (StatusCode, String) {
    let chance = &world.chance;
    let (wait, is_down) = match (world.mood.is_bad(), chance.below(10)) {
        (true, 0..2) => (Duration::from_secs(2), false),
        (true, fate) => (chance.milliseconds(80, 300), fate < 5),
        (false, _) => (chance.milliseconds(5, 40), false),
    };
    sleep(wait).await;
    if is_down {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "no connection to the bank\n".to_owned(),
        )
    } else if chance.is(2) {
        (
            StatusCode::PAYMENT_REQUIRED,
            "the card is declined\n".to_owned(),
        )
    } else {
        (StatusCode::OK, format!("order {order} is paid\n"))
    }
}

/// Takes the webhook's messages.
async fn receive(State(world): State<World>, Json(message): Json<Value>) -> StatusCode {
    let alerts = message["alerts"].as_array().into_iter().flatten();
    for alert in alerts {
        let (status, name) = (&alert["status"], &alert["labels"]["alertname"]);
        println!("sink: {status} {name}: {}", alert["annotations"]["summary"]);
    }
    let mut received = world
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    received.push_back(message);
    if received.len() > KEPT {
        received.pop_front();
    }
    StatusCode::NO_CONTENT
}

async fn received(State(world): State<World>) -> Json<Vec<Value>> {
    let received = world
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Json(received.iter().cloned().collect())
}
