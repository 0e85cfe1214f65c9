//! A client that pushes metrics to a Pushgateway, for jobs that end before they can be scraped.

mod authorization;
mod builder;
mod gateway;
mod group;
mod push_task;

pub use self::builder::PushgatewayBuilder;
pub use self::gateway::Pushgateway;
pub use self::push_task::PushTask;
