//! The shop's own routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use metrics::{counter, gauge, histogram};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tower_vitals::instrument::{Errors, Events, Tokens};
use tracing::{error, info, warn};

use crate::chance::Chance;
use crate::metrics::{BASKET, COUPONS, ORDERS, REVENUE};
use crate::mood::Mood;
use crate::payments::Payments;
use crate::stock::Stock;

#[derive(Clone)]
pub(crate) struct Shop {
    stock: Stock,
    payments: Payments,
    deliveries: mpsc::Sender<u64>,
    mood: Mood,
    chance: Chance,
    last_order: Arc<AtomicU64>,
    paid: Events,
    declined: Errors,
    unpaid: Errors,
    tokens: Tokens,
}

impl Shop {
    pub(crate) fn new(
        stock: Stock,
        payments: Payments,
        deliveries: mpsc::Sender<u64>,
        mood: Mood,
        chance: Chance,
    ) -> Self {
        Self {
            stock,
            payments,
            deliveries,
            mood,
            chance,
            last_order: Arc::default(),
            paid: Events::new("order.paid"),
            declined: Errors::new("card_declined", "checkout"),
            unpaid: Errors::new("payments_down", "checkout"),
            tokens: Tokens::new("small-1", "EUR"),
        }
    }
}

pub(crate) fn routes(shop: Shop) -> Router {
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/products", get(products))
        .route("/checkout", post(checkout))
        .route("/orders/{id}", get(show_order))
        .route("/recommendations", get(recommendations))
        .route("/ask", get(ask))
        // The name of the endpoint tries to be more than a text in a page that shows it.
        .route("/search/{<b>term<b>}", get(search))
        .with_state(shop)
}

const PAGE: &str = include_str!("page.html");

async fn products(State(shop): State<Shop>) -> Result<Json<Value>, StatusCode> {
    let products = shop.stock.list().await.map_err(out_of_order)?;
    let products = products.into_iter();
    Ok(products
        .map(|(id, name, items)| json!({ "id": id, "name": name, "items": items }))
        .collect::<Value>()
        .into())
}

#[derive(Deserialize)]
struct Basket {
    product: i64,
    #[serde(default = "one")]
    items: i64,
    coupon: Option<String>,
}

fn one() -> i64 {
    1
}

async fn checkout(
    State(shop): State<Shop>,
    Json(basket): Json<Basket>,
) -> Result<Json<Value>, StatusCode> {
    let Basket {
        product,
        items,
        coupon,
    } = basket;
    if !(1..=10).contains(&items) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    if let Some(coupon) = coupon {
        counter!(COUPONS.name, "coupon" => coupon).increment(1);
    }
    let taken = shop
        .stock
        .take(product, items)
        .await
        .map_err(out_of_order)?;
    let Some(name) = taken else {
        info!(product, items, "sold out");
        return Err(StatusCode::CONFLICT);
    };
    let order = 1 + shop.last_order.fetch_add(1, Ordering::Relaxed);
    if let Err(status) = shop.pay(order).await {
        shop.stock
            .put_back(product, items)
            .await
            .map_err(out_of_order)?;
        return Err(status);
    }
    shop.paid.record();
    counter!(ORDERS.name, "product" => name).increment(1);
    gauge!(REVENUE.name).increment(4.2 * items as f64);
    histogram!(BASKET.name).record(items as f64);
    if shop.deliveries.try_send(order).is_err() {
        warn!(
            order,
            "too many deliveries wait: the customer comes to get it"
        );
    }
    Ok(Json(json!({ "order": order })))
}

impl Shop {
    async fn pay(&self, order: u64) -> Result<(), StatusCode> {
        match self.payments.charge(order).await {
            Ok(status) if status.is_success() => Ok(()),
            Ok(StatusCode::PAYMENT_REQUIRED) => {
                self.declined.record();
                Err(StatusCode::PAYMENT_REQUIRED)
            }
            Ok(status) => {
                self.unpaid.record();
                warn!(
                    order,
                    status = status.as_u16(),
                    "the payment API <blink>refuses</blink>"
                );
                Err(StatusCode::BAD_GATEWAY)
            }
            Err(error) => {
                self.unpaid.record();
                warn!(order, %error, "the payment API does not answer");
                Err(StatusCode::GATEWAY_TIMEOUT)
            }
        }
    }
}

async fn show_order(
    State(shop): State<Shop>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, StatusCode> {
    if (1..=shop.last_order.load(Ordering::Relaxed)).contains(&id) {
        Ok(Json(json!({ "order": id })))
    } else {
        Err(StatusCode::NOT_FOUND)
    }
}

/// Keeps a CPU busy, so that a profile has something to show.
async fn recommendations(State(shop): State<Shop>) -> Json<Value> {
    let product = compare_customers(shop.chance.below(1000));
    Json(json!({ "product": 1 + product % 3 }))
}

/// Finds the customer that is most like this one. Kept out of its caller, so that a profile names it.
#[inline(never)]
fn compare_customers(customer: u64) -> u64 {
    let likeness = |other: &u64| {
        (0..400).fold(customer ^ other, |hash, n| {
            (hash ^ n).wrapping_mul(0x0100_0000_01b3)
        })
    };
    (0..8000_u64).max_by_key(likeness).unwrap_or_default()
}

/// A language model answers.
async fn ask(State(shop): State<Shop>) -> &'static str {
    sleep(shop.chance.milliseconds(50, 400)).await;
    let mut prompt = 200 + shop.chance.below(200);
    if shop.mood.is_bad() {
        // Customers complain at length.
        prompt *= 4;
    }
    let answer = 20 + shop.chance.below(80);
    shop.tokens.record(prompt, answer);
    shop.tokens.record_cost((prompt + 4 * answer) as f64 * 1e-6);
    "Tea is always a good choice.\n"
}

/// Slow in bad times.
async fn search(
    State(shop): State<Shop>,
    Path(term): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    if shop.mood.is_bad() {
        sleep(Duration::from_millis(1200)).await;
    }
    let products = shop.stock.list().await.map_err(out_of_order)?;
    let found = products.into_iter().map(|(_, name, _)| name);
    Ok(Json(found.filter(|name| name.contains(&term)).collect()))
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes it so")]
fn out_of_order(error: sqlx::Error) -> StatusCode {
    error!(
        error = &error as &dyn std::error::Error,
        "the stock is out of order"
    );
    StatusCode::INTERNAL_SERVER_ERROR
}
