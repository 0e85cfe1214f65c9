//! Metrics pushed to a Pushgateway, by jobs that live too short to be scraped.

mod authorization;
mod gateway;
mod group;
mod pushing;

pub use self::gateway::Pushgateway;
pub use self::pushing::Pushing;
