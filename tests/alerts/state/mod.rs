//! The life of alerts.

mod bounds;
mod code_alerts;
mod explain;
mod identity;
mod lifecycle;
mod model;
mod no_data;
mod people;
mod prometheus;
mod recurring;
mod restart;
mod secrets;
mod stale;
mod world;
