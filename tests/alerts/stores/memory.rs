//! The store in memory.

use tower_vitals::alerts::stores::MemoryAlerts;

use super::contract;

macro_rules! test {
    ($($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            let count = if stringify!($promise).ends_with("_by_count") { 10 } else { 100_000 };
            contract::$promise(MemoryAlerts::new().retention(contract::AGE, count)).await;
        })*
    };
}
for_each_promise!(test);
