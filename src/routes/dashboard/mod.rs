//! The dashboard: its page, and the data that the page shows.
//!
//! The page (`routes/assets`) is open and holds no data. Its data comes from `config.json`, from the stream of frames, and from the
//! JSON routes that are mounted.

mod asset;
mod columns;
mod config;
mod dashboard;
mod endpoint_row;
mod endpoints;
mod families;
mod family_json;
mod family_row;
mod feed;
mod frames;
mod health_watch;
mod number;
mod operations;
mod place;
mod request_names;
mod runtime;
mod sample;
mod series_index;
mod site;
mod tick;
mod times;
mod totals;
mod viewer;
