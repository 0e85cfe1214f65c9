//! Service level objectives: their definitions, the counting of events, and their alerts.

mod counting;
mod days;
mod definitions;
mod gauges;
mod model;
mod promtool;
mod size;
pub(crate) mod world;
