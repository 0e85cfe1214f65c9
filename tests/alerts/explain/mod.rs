//! `Alerts::explain`: one test for each cause that holds a notification back, and the whole view as JSON.

mod channels;
mod rules;
mod world;
