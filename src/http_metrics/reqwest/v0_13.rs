//! [`ClientMetricsLayer`](crate::ClientMetricsLayer) around the `Client` of reqwest 0.13 (feature `reqwest-0-13`).
//!
//! Requests, responses and errors stay those of reqwest:
//!
//! ```no_run
//! # use reqwest_0_13 as reqwest;
//! use tower::Layer;
//! use tower_vitals::ClientMetricsLayer;
//!
//! # async fn example() -> Result<(), reqwest::Error> {
//! let client = reqwest::Client::new();
//! let payments = ClientMetricsLayer::new("payments").layer(client.clone());
//!
//! let request = client.post("https://payments.internal/charges").body("{}").build()?;
//! let charge = payments.execute(request).await?.error_for_status()?.text().await?;
//! # Ok(()) }
//! ```
//!
//! A call includes its redirects, and ends with the body of the last response. Calls through the `Client` itself are not
//! measured. The layer may also be around other layers that have reqwest's request, response and error.

measured!(reqwest_0_13);
