//! The families and series of the recorder, and the formats that they are read in.

mod allowlist;
mod buckets;
mod canonical;
mod config;
mod family_info;
mod family_name;
mod idle;
mod links;
mod native_family;
mod number;
mod openmetrics;
mod protobuf;
mod read;
mod recording;
mod rejection;
mod requests;
mod series_list;
mod series_table;
mod store;
mod stored_family;
mod stored_series;
#[cfg(test)]
mod tests;
mod text;
mod utf8_names;

pub(super) use self::config::{IdleTimeouts, NativeFamilies, StoreConfig};
pub(super) use self::native_family::NativeFamily;
pub(super) use self::read::StoreSource;
pub(super) use self::store::Store;
