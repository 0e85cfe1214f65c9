//! Names with dots, when a flag makes Prometheus prefer protobuf.

use metrics::{Key, Level, Metadata, Recorder};
use tower_vitals::{Prometheus, Routes};

use super::{JOBS, Stored};
use crate::support::own_prometheus::OwnPrometheus;

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus 3: tests/run"]
async fn protobuf_has_underscores_because_prometheus_asks_for_no_escaping() {
    let recorder = Prometheus::builder().utf8_names().build().unwrap();
    let orders = Key::from_name("shop.orders");
    recorder.register_gauge(&orders, &METADATA).set(3.0);
    let routes = Routes::new().metrics(recorder);
    let service = routes.spawn("127.0.0.1:0").await.unwrap();
    let address = service.local_addr().to_string();
    let checked = tokio::task::spawn_blocking(move || {
        let Some(server) = OwnPrometheus::start_with_jobs(&["native-histograms"], &JOBS) else {
            return;
        };
        let _target = server.scrape(&address, "/metrics", "names");
        let scraped = "count(count_over_time(up{example!=\"\"}[5m]))";
        server.answers(scraped, |scraped| scraped == JOBS.len() as f64);
        let stored = Stored::all(&server);
        for (job, expected, other) in [
            ("negotiated", "shop_orders", "shop.orders"),
            ("openmetrics", "shop.orders", "shop_orders"),
        ] {
            let stored = &stored[&("names".to_owned(), job.to_owned())];
            assert_eq!(stored.values(expected), [3.0], "{job}: {stored:?}");
            assert!(stored.values(other).is_empty(), "{job}: {stored:?}");
        }
    });
    checked.await.unwrap();
}
