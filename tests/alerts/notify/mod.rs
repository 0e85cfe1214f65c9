//! The decision of what to announce.

mod acknowledged;
mod bounds;
mod cap;
mod cooldown;
mod cost;
mod desk;
mod escalation;
mod explain;
mod flapping;
mod groups;
mod muted;
mod policies;
mod property;
mod resolved;
mod silences;
mod texts;
mod viewer;
