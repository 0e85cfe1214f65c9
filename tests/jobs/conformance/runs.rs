//! Promises about writing and removing runs.

use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use super::fixtures::{at, ended, ids, running, write};
use super::violation::{Outcome, expect_eq, expect_some};
use serde_json::{Map, Value, json};
use tower_vitals::Error;
use tower_vitals::jobs::{History, Job, Jobs, Retention, RunQuery, RunStatus, Uuid};

/// A run has the same fields when it is read, to the microsecond.
pub(crate) async fn runs_are_read_as_they_were_written(store: impl History) -> Outcome {
    let promise = "a run is read as it was written";
    let took = Duration::from_micros(1_234_567);
    let mut full = ended("nightly", 1, RunStatus::Failed, took);
    full.started_at += Duration::from_micros(123_456);
    full.finished_at = Some(full.started_at + took);
    full.error_message = Some("no \"route\" to host; 🦀".to_owned());
    full.metadata = object([
        ("rows", json!(120)),
        ("deep", json!([{"a": null, "b": 0.5}])),
    ]);
    let bare = running("nightly", 0);
    write(&store, &[full.clone(), bare.clone()]).await?;
    let all = store.runs(&RunQuery::new()).await?;
    expect_eq(promise, all, vec![full, bare.clone()])?;
    for (started, status) in (10..).zip(RunStatus::ALL) {
        let run = match status {
            RunStatus::Running => running("all", started),
            _ => ended("all", started, status, Duration::from_secs(1)),
        };
        write(&store, slice::from_ref(&run)).await?;
        let query = RunQuery::new().job_name("all").status(status);
        expect_eq(promise, store.runs(&query).await?, vec![run])?;
    }
    write(&store, &[]).await?;
    let found = store.runs(&RunQuery::new().id(bare.id)).await?;
    expect_eq("a run is found by its id", found, vec![bare])?;
    let none = store.runs(&RunQuery::new().id(Uuid::now_v7())).await?;
    expect_eq("an unknown id finds no run", none, vec![])
}

/// The first end of a run counts, even within one batch.
pub(crate) async fn ended_runs_never_change(store: impl History) -> Outcome {
    let begun = running("nightly", 0);
    write(&store, slice::from_ref(&begun)).await?;
    let mut done = begun.clone();
    done.status = RunStatus::Success;
    done.duration = Some(Duration::from_secs(2));
    done.metadata = object([("rows", json!(7))]);
    let mut failed = done.clone();
    failed.status = RunStatus::Failed;
    let batch = [begun.clone(), done.clone(), done.clone(), failed.clone()];
    write(&store, &batch).await?;
    write(&store, &[begun]).await?;
    write(&store, &[failed]).await?;
    write(&store, slice::from_ref(&done)).await?;
    let all = store.runs(&RunQuery::new()).await?;
    expect_eq("a run that has ended never changes", all, vec![done])?;
    let promise = "a run is counted once";
    let stats = expect_some(promise, store.stats("nightly").await?)?;
    let counts = (stats.total_runs(), stats.count(RunStatus::Success));
    expect_eq(promise, counts, (1, 1))
}

/// Retention removes the oldest runs, but no running one and not the last of a job, and totals keep counting them.
pub(crate) async fn retention_removes_the_oldest_first(store: impl History) -> Outcome {
    let left = async || -> Result<Vec<_>, Error> {
        let runs = store.runs(&RunQuery::new()).await?;
        let left = runs.iter().map(|run| (run.status, run.started_at));
        Ok(left.collect())
    };
    let mut runs: Vec<_> = (0..10)
        .map(|n| ended("a", n, RunStatus::Success, Duration::ZERO))
        .collect();
    runs.extend((0..4).map(|n| ended("a", 100 + n, RunStatus::Failed, Duration::ZERO)));
    runs.push(running("a", 0));
    write(&store, &runs).await?;
    let promise = "retention keeps runs within its age and count";
    let for_ever = Retention::new().age(Duration::from_hours(24 * 365 * 100));
    expect_eq(promise, store.prune(&for_ever, 100).await?, 0)?;
    let promise = "retention removes at most the given number of runs";
    let three = for_ever.count(3);
    expect_eq(promise, store.prune(&three, 5).await?, 5)?;
    expect_eq(promise, store.prune(&three, 100).await?, 3)?;
    let expected = vec![
        (RunStatus::Failed, at(103)),
        (RunStatus::Failed, at(102)),
        (RunStatus::Failed, at(101)),
        (RunStatus::Success, at(9)),
        (RunStatus::Success, at(8)),
        (RunStatus::Success, at(7)),
        (RunStatus::Running, at(0)),
    ];
    let promise = "retention keeps the last runs of each status";
    expect_eq(promise, left().await?, expected)?;
    let promise = "retention keeps running runs, and the last of a job, because the next one is expected relative to it";
    let young = Retention::new().age(Duration::from_secs(1));
    expect_eq(promise, store.prune(&young, 100).await?, 5)?;
    let expected = vec![(RunStatus::Failed, at(103)), (RunStatus::Running, at(0))];
    expect_eq(promise, left().await?, expected)?;
    let last = store.last_runs().await?;
    expect_eq(
        promise,
        last.first().map(|run| run.started_at),
        Some(at(103)),
    )?;
    for age in [
        Duration::from_hours(24 * 365 * 20_000),
        Duration::from_secs(i64::MAX as u64),
        Duration::MAX,
    ] {
        let for_ever = Retention::new().age(age);
        let promise = "an age before 1970 removes nothing";
        expect_eq(promise, store.prune(&for_ever, 100).await?, 0)?;
    }
    let promise = "totals include runs that retention removed";
    let stats = expect_some(promise, store.stats("a").await?)?;
    expect_eq(promise, stats.total_runs(), 15)
}

/// Writers do not lose each other's runs.
pub(crate) async fn concurrent_writers_lose_nothing(store: impl History) -> Outcome {
    let promise = "concurrent writers lose nothing";
    let store = Arc::new(store);
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut ids = BTreeSet::new();
            for n in 0..20 {
                let begun = running("a", writer * 100 + n);
                let mut done = begun.clone();
                done.status = RunStatus::Success;
                write(&*store, &[begun]).await?;
                ids.insert(done.id);
                write(&*store, &[done]).await?;
            }
            Outcome::Ok(ids)
        })
    });
    let mut written = BTreeSet::new();
    for writer in writers.collect::<Vec<_>>() {
        written.extend(writer.await??);
    }
    let query = RunQuery::new().status(RunStatus::Success).limit(1000);
    let found: BTreeSet<_> = ids(&*store, &query).await?.into_iter().collect();
    expect_eq(promise, found, written)?;
    let stats = expect_some(promise, store.stats("a").await?)?;
    expect_eq(promise, stats.total_runs(), 160)
}

/// Texts are data, even if they look like SQL.
pub(crate) async fn sql_in_texts_is_not_executed(store: impl History) -> Outcome {
    let promise = "SQL in a text is text";
    let texts = [
        "' OR '1'='1",
        "a'); DROP TABLE job_runs; --",
        "%",
        "\\",
        "$1",
        "\u{1f980}",
    ];
    for text in texts {
        let mut run = ended(text, 0, RunStatus::Failed, Duration::ZERO);
        run.error_message = Some(text.to_owned());
        run.instance = text.to_owned();
        run.metadata = object([(text, json!(text))]);
        write(&store, slice::from_ref(&run)).await?;
        let found = store.runs(&RunQuery::new().job_name(text)).await?;
        expect_eq(promise, found, vec![run])?;
        let stats = expect_some(promise, store.stats(text).await?)?;
        expect_eq(promise, stats.last_error.as_deref(), Some(text))?;
    }
    let all = store.runs(&RunQuery::new()).await?;
    expect_eq(promise, all.len(), texts.len())
}

/// Odd texts and numbers do not make a store refuse a run, and with it all that wait behind it.
pub(crate) async fn any_text_and_number_is_stored(store: impl History) -> Outcome {
    const ODD: Job = Job::named("odd\0job");
    let promise = "a run with odd texts and numbers is stored";
    let jobs = Jobs::builder().history(store).run()?;
    let odd = jobs.monitor_with(ODD, |run| async move {
        run.set("nul\0", "nul\0");
        run.set("deep", json!([{"nul\0": ["\0"]}]));
        run.set("largest", u64::MAX);
        run.set("smallest", 5e-324);
        Err::<(), _>("no\0route \u{ffff}")
    });
    let _ = odd.await;
    jobs.shutdown(Duration::from_secs(5)).await?;
    let runs = jobs.runs(&RunQuery::new()).await?;
    let found = runs.iter().map(|run| {
        let values = ["nul ", "largest"].map(|key| run.metadata.get(key).cloned());
        (&*run.job_name, run.error_message.as_deref(), values)
    });
    let values = [Some(json!("nul ")), Some(json!(u64::MAX))];
    let expected = ("odd job", Some("no route \u{ffff}"), values);
    expect_eq(promise, found.collect::<Vec<_>>(), vec![expected])
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect()
}
