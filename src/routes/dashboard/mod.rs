//! The dashboard: its page, and the data that the page shows.
//!
//! The page (`routes/assets`) is open and holds no data. Its data comes from `config.json`, from the stream of frames, and from the
//! JSON routes that are mounted.

mod asset;
mod columns;
mod config;
mod cpu_time;
mod dashboard;
mod endpoint_row;
mod endpoint_series;
mod endpoints;
mod families;
mod family_json;
mod family_row;
mod feed;
mod frames;
mod health_watch;
mod history_json;
mod metrics;
mod moment;
mod number;
mod operations;
mod place;
mod quantiles;
mod request_names;
mod row_state;
mod runtime;
mod series_index;
mod site;
mod tick;
mod times;
mod totals;
mod viewer;
