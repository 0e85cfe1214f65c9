//! What Prometheus 3 stores of a service, for each combination of the service's settings and the server's features.

mod combination;
mod features;
mod settings;
mod stored;
mod utf8_names;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use tower_vitals::Routes;
use tower_vitals::routes::Server as Service;

use self::combination::Combination;
use self::features::Features;
use self::settings::{Buckets, Settings};
use self::stored::Stored;
use crate::support::exposition::{Exposition, Labels};
use crate::support::own_prometheus::OwnPrometheus;

/// The page's section.
const SECTION: &str = "What the flags of Prometheus 3 store";

/// Each server scrapes each service in these ways. The second one is that of a service without the feature `protobuf`, too.
const JOBS: [(&str, &str); 3] = [
    ("negotiated", ""),
    ("openmetrics", "scrape_protocols: [OpenMetricsText1.0.0]"),
    ("always_classic", "always_scrape_classic_histograms: true"),
];

/// Runs all services and servers, until each service was scraped three times.
async fn combinations() -> Option<(Vec<Combination>, Exposition)> {
    let recorders = Settings::all().into_iter().map(Settings::recorder);
    let recorders: Vec<_> = recorders.collect();
    let mut services = Vec::new();
    for recorder in &recorders {
        let routes = Routes::new().metrics(recorder.clone());
        services.push(routes.spawn("127.0.0.1:0").await.unwrap());
    }
    let addresses = services.iter().map(Service::local_addr);
    let addresses: Vec<_> = addresses.map(|address| address.to_string()).collect();
    let scrape = move |features: Features| {
        let server = OwnPrometheus::start_with_jobs(&features.names(), &JOBS)?;
        let addresses = addresses.iter().enumerate();
        let targets =
            addresses.map(|(i, address)| server.scrape(address, "/metrics", &i.to_string()));
        let targets: Vec<_> = targets.collect();
        let all = targets.len() * JOBS.len();
        let scraped = "count(count_over_time(up{example!=\"\"}[5m]) >= 3)";
        server.answers(scraped, |scraped| scraped == all as f64);
        let stored = Stored::all(&server);
        assert_eq!(stored.len(), all);
        let combinations = stored
            .into_iter()
            .map(|((target, job), stored)| Combination {
                settings: Settings::all()[target.parse::<usize>().unwrap()],
                features,
                job,
                stored,
            });
        Some(combinations.collect::<Vec<_>>())
    };
    let scrape_all = move || {
        thread::scope(|scope| {
            let scrape = &scrape;
            let threads = Features::all().map(|features| scope.spawn(move || scrape(features)));
            let threads: Vec<_> = threads.collect();
            let each = threads.into_iter().map(|thread| thread.join().unwrap());
            each.collect::<Option<Vec<_>>>()
        })
    };
    let scraped = tokio::task::spawn_blocking(scrape_all).await.unwrap()?;
    let shown = Exposition::parse(&recorders[0].render_openmetrics());
    Some((scraped.into_iter().flatten().collect(), shown))
}

/// What is stored without and with a flag, by setting of the service and format. The cells are sets, because nothing else may make
/// a difference.
type Table = BTreeMap<(&'static str, &'static str), [BTreeSet<&'static str>; 2]>;

/// Formats that make no difference share a line.
fn lines(table: &Table) -> Vec<String> {
    let mut formats = BTreeMap::<_, Vec<&str>>::new();
    for ((setting, format), cells) in table {
        let [without, with] = cells.each_ref().map(|cell| {
            assert_eq!(cell.len(), 1, "{setting}, {format}: {cell:?}");
            *cell.first().unwrap()
        });
        let of_line = formats.entry((setting, without, with));
        of_line.or_default().push(*format);
    }
    let line = |((setting, without, with), formats): (_, Vec<&str>)| {
        let formats = match formats.len() {
            3 => "any format".to_owned(),
            _ => formats.join(", "),
        };
        format!("| {setting} | {formats} | {without} | {with} |")
    };
    formats.into_iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus 3: tests/run"]
async fn the_page_tells_what_each_combination_of_flags_stores() {
    let Some((combinations, shown)) = combinations().await else {
        return;
    };
    assert_eq!(combinations.len(), 12 * 8 * 3);
    let mut table = Table::new();
    for own in &combinations {
        let Combination {
            settings,
            features,
            stored,
            ..
        } = own;
        assert_eq!(stored.values("up"), [1.0]);
        assert_eq!(stored.values("open"), [2.0]);
        let histogram = match settings.buckets {
            Buckets::Classic => "default: no native histograms",
            Buckets::Both => "`native_histograms`",
            Buckets::Native => "`native_histograms`, `without_classic_buckets`",
        };
        let created = if settings.created {
            "`created_timestamps`"
        } else {
            "default: no creation times"
        };
        let exemplars = if settings.exemplars {
            "`exemplars`"
        } else {
            "default: no exemplars"
        };
        for (setting, is_on, cell) in [
            (histogram, features.native, own.histogram()),
            (created, features.created, own.created()),
            (exemplars, features.exemplars, own.exemplars()),
        ] {
            let cells = table.entry((setting, own.format())).or_default();
            cells[usize::from(is_on)].insert(cell);
        }
        // The sign of a lost histogram.
        let last = |name| *stored.values(name).last().unwrap();
        let left_out =
            last("scrape_samples_scraped") - last("scrape_samples_post_metric_relabeling");
        let is_lost = own.is_protobuf() && !features.native && settings.buckets != Buckets::Classic;
        assert_eq!(left_out, f64::from(u8::from(is_lost)), "{stored:?}");
    }
    let lines = lines(&table);
    println!("{}", lines.join("\n"));
    let page = include_str!("../../../docs/prometheus.md");
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with(SECTION))
        .unwrap();
    let in_page = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1);
    assert_eq!(
        in_page.collect::<BTreeSet<_>>(),
        lines.iter().map(|line| &**line).collect()
    );
    assert_defaults_lose_nothing(&combinations, &shown);
}

/// All series of a service without settings are stored by all servers.
fn assert_defaults_lose_nothing(combinations: &[Combination], shown: &Exposition) {
    let is_default = |settings: &Settings| {
        settings.buckets == Buckets::Classic && !settings.created && !settings.exemplars
    };
    let shown = shown.samples.iter();
    let shown: BTreeSet<(String, Labels)> = shown
        .map(|sample| (sample.name.clone(), sample.labels()))
        .collect();
    let defaults = combinations.iter().filter(|own| is_default(&own.settings));
    assert_eq!(defaults.clone().count(), 8 * 3);
    for own in defaults {
        let stored = own.stored.samples.keys();
        let stored = stored.filter(|(name, _)| name != "up" && !name.starts_with("scrape_"));
        assert_eq!(stored.cloned().collect::<BTreeSet<_>>(), shown);
    }
}
