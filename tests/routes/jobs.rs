//! The routes of jobs: shapes, pages and errors.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::faulty::{Fault, Faulty};
use axum::Router;
use axum::body::Body;
use boon::{Compiler, Schemas};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::jobs::store::{ProblemStore, Registration, RunStore};
use tower_vitals::jobs::{Job, Jobs, MemoryHistory, Problem, ProblemKind};
use tower_vitals::routes::Guard;

const NIGHTLY: Job = Job::named("nightly").every(Duration::from_hours(24));
const IMPORT: Job = Job::named("import");
const NEVER: Job = Job::named("never").cron("0 3 * * *", "Europe/Berlin");

/// Twelve runs of `nightly` with three failures, and one run of `import` in progress.
async fn ran() -> Jobs {
    let jobs = Jobs::builder()
        .job(NIGHTLY)
        .job(NEVER)
        .instance("shop-1")
        .run()
        .unwrap();
    for n in 0..12 {
        let work = ready(if n % 4 == 3 {
            Err(format!("disk {n} is full"))
        } else {
            Ok(n)
        });
        assert_eq!(jobs.monitor(NIGHTLY, work).await.is_ok(), n % 4 != 3);
    }
    let run = jobs.start(IMPORT);
    run.set("rows", 120);
    std::mem::forget(run);
    jobs.flush().await;
    jobs
}

/// The clock jumps ahead two days.
#[tokio::test]
async fn problems_are_shown_with_their_job() {
    let days = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&days);
    let history = MemoryHistory::new().clock(move || {
        let days = clock.load(Ordering::Relaxed);
        SystemTime::now() + Duration::from_hours(24 * days)
    });
    let since = UNIX_EPOCH + Duration::from_hours(490_896);
    let late = Problem::new("nightly", ProblemKind::Late, since, "it never came");
    let registration = Registration::new("nightly", None);
    history.register(&[registration]).await.unwrap();
    assert!(history.report(&late, since).await.unwrap());
    let builder = Jobs::builder().job(NIGHTLY).job(IMPORT).history(history);
    let jobs = builder.run().unwrap();
    let overview = ok(&jobs, "/jobs").await;
    assert_eq!(overview["jobs"][1]["is_late"], false);
    days.store(2, Ordering::Relaxed);
    let overview = ok(&jobs, "/jobs").await;
    assert_shape(&overview, "overview");
    let (import, nightly) = (&overview["jobs"][0], &overview["jobs"][1]);
    assert_eq!(
        (&import["is_late"], &import["problems"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(nightly["is_late"], true);
    assert_eq!(
        nightly["problems"],
        json!([{"kind": "late", "since": "2026-01-01T00:00:00.000Z", "run_id": null, "message": "it never came"}])
    );
}

#[tokio::test(start_paused = true)]
async fn the_overview_says_how_fresh_it_is() {
    let history = Faulty::new(&MemoryHistory::new());
    let builder = Jobs::builder().job(IMPORT).history(history.clone());
    let jobs = builder.run().unwrap();
    let fresh = |body: &Json| body["history"].clone();
    tokio::time::sleep(Duration::from_mins(2)).await;
    let overview = ok(&jobs, "/jobs").await;
    assert_shape(&overview, "overview");
    let up = fresh(&overview);
    assert_eq!(
        (&up["is_up"], &up["reason"], &up["waiting_events"]),
        (&json!(true), &Json::Null, &json!(0))
    );
    let written_at = up["last_write_at"].as_str().unwrap().to_owned();
    assert!(up["judged_at"].is_string(), "{up}");
    history.fail(|call| match call {
        "renew" => Fault::Down,
        _ => Fault::None,
    });
    tokio::time::sleep(Duration::from_mins(2)).await;
    let overview = ok(&jobs, "/jobs").await;
    assert_shape(&overview, "overview");
    let down = fresh(&overview);
    assert!(down["down_since"].is_string(), "{down}");
    assert_eq!(
        (&down["is_up"], &down["reason"], &down["last_write_at"]),
        (
            &json!(false),
            &json!(
                "the job history cannot renew leases: down: no route to redis://[redacted]@host"
            ),
            &json!(written_at)
        )
    );
    for fault in [Fault::Down, Fault::Panics, Fault::PanicsWithBomb] {
        history.fail(move |_| fault);
        for path in ["/jobs", "/jobs/status", "/jobs/stats/import"] {
            let (status, body) = get(&jobs, path).await;
            assert_eq!(status, 503, "{path}: {body}");
            assert_eq!(
                body["detail"],
                format!(
                    "The history of jobs cannot be read now; the service's log says why. It last accepted a write at {written_at}."
                )
            );
        }
    }
}

async fn get(jobs: &Jobs, path: &str) -> (u16, Json) {
    let routes = Routes::new().jobs(jobs.clone()).guard(Guard::open());
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = Router::from(routes).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn ok(jobs: &Jobs, path: &str) -> Json {
    let (status, body) = get(jobs, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

#[track_caller]
fn assert_shape(body: &Json, name: &str) {
    let schema = format!(
        "{}/src/routes/openapi/schemas/jobs.json#/$defs/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut schemas = Schemas::new();
    let shape = Compiler::new().compile(&schema, &mut schemas).unwrap();
    schemas
        .validate(body, shape)
        .unwrap_or_else(|error| panic!("{error:#}\n{body:#}"));
}

#[tokio::test]
async fn they_are_guarded() {
    let routes = Routes::new().jobs(Jobs::builder().run().unwrap());
    for path in ["/jobs", "/jobs/status", "/jobs/stats/nightly"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = Router::from(routes.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 403, "{path}");
    }
}

#[tokio::test]
async fn each_response_has_its_shape() {
    let jobs = ran().await;
    let overview = ok(&jobs, "/jobs").await;
    assert_shape(&overview, "overview");
    let names: Vec<_> = overview["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["job_name"])
        .collect();
    assert_eq!(names, ["import", "never", "nightly"]);
    assert_eq!(overview["jobs"][1]["last_run"], Json::Null);
    assert_eq!(overview["jobs"][2]["last_run"]["status"], "failed");

    let status = ok(&jobs, "/jobs/status").await;
    assert_shape(&status, "status");
    assert_eq!(status["runs"].as_array().unwrap().len(), 13);
    assert_eq!(status["next_cursor"], Json::Null);

    let figures = ok(&jobs, "/jobs/stats/nightly").await;
    assert_shape(&figures, "stats");
    assert_eq!(
        (
            &figures["total_runs"],
            &figures["successful_runs"],
            &figures["failed_runs"]
        ),
        (&json!(12), &json!(9), &json!(3))
    );
    assert_eq!(
        (&figures["success_rate"], &figures["last_status"]),
        (&json!(0.75), &json!("failed"))
    );
    assert_eq!(figures["last_error"], "disk 11 is full");
    let figures = ok(&jobs, "/jobs/stats/import").await;
    assert_shape(&figures, "stats");
    assert_eq!(
        (&figures["running_runs"], &figures["success_rate"]),
        (&json!(1), &Json::Null)
    );
}

#[tokio::test]
async fn filters_and_pages() {
    let jobs = ran().await;
    let failed = ok(&jobs, "/jobs/status?job_name=nightly&status=failed").await;
    let errors: Vec<_> = failed["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["error_message"])
        .collect();
    assert_eq!(
        errors,
        ["disk 11 is full", "disk 7 is full", "disk 3 is full"]
    );
    let later = ok(&jobs, "/jobs/status?since=2999-01-01T00:00:00Z").await;
    assert_eq!(later["runs"], json!([]));

    let mut found = Vec::new();
    let mut path = "/jobs/status?limit=5".to_owned();
    let mut pages = 0;
    loop {
        let page = ok(&jobs, &path).await;
        found.extend(
            page["runs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|run| run["id"].clone()),
        );
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/jobs/status?limit=5&cursor={cursor}");
    }
    let all = ok(&jobs, "/jobs/status").await;
    let all: Vec<_> = all["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].clone())
        .collect();
    assert_eq!((pages, found), (3, all));
    // A page that holds all runs is the last.
    let whole = ok(&jobs, "/jobs/status?limit=13").await;
    assert_eq!(whole["next_cursor"], Json::Null);
}

#[tokio::test]
async fn errors_name_the_wrong_parameter_or_the_unknown_job() {
    let jobs = ran().await;
    for (path, status, detail) in [
        (
            "/jobs/stats/nightl",
            404,
            "There is no job \"nightl\". The jobs are: import, never, nightly.",
        ),
        (
            "/jobs/stats/never",
            404,
            "Job \"never\" is registered and has not run yet.",
        ),
        (
            "/jobs/status?job_name=%27%3B%20DROP%20TABLE%20job_runs",
            404,
            "There is no job \"'; DROP TABLE job_runs\".",
        ),
        (
            "/jobs/status?status=gone",
            400,
            "Parameter status is \"gone\": running, success, failed, cancelled and lost are allowed.",
        ),
        (
            "/jobs/status?limit=0",
            400,
            "Parameter limit is \"0\": a whole number from 1 to 1000 is allowed.",
        ),
        (
            "/jobs/status?limit=1001",
            400,
            "Parameter limit is \"1001\": a whole",
        ),
        (
            "/jobs/status?limit=many",
            400,
            "Parameter limit is \"many\": a whole",
        ),
        (
            "/jobs/status?since=yesterday",
            400,
            "Parameter since is \"yesterday\": a time like 2026-11-21T00:00:00Z (RFC 3339) is needed.",
        ),
        (
            "/jobs/status?cursor=1",
            400,
            "Parameter cursor is \"1\": the next_cursor of a page is needed.",
        ),
        (
            "/jobs/status?cursor=99999999999999999999_x",
            400,
            "Parameter cursor is \"99999999999999999999_x\": the",
        ),
        (
            "/jobs/status?limit=1&limit=2",
            400,
            "Parameter limit is repeated: once is allowed.",
        ),
        (
            "/jobs/status?page=2",
            400,
            "Parameter \"page\" is unknown: job_name, status, since, limit and cursor are allowed.",
        ),
        (
            "/jobs/status?job_name=%ff",
            400,
            "The query has \"%ff\", which is not UTF-8.",
        ),
        ("/jobs/stats/%ff", 400, "The name in the path is not UTF-8."),
    ] {
        let (found, body) = get(&jobs, path).await;
        assert_eq!(found, status, "{path}: {body}");
        let said = body["detail"].as_str().unwrap();
        assert!(said.starts_with(detail), "{path}: {said}");
    }
    let empty = ok(&jobs, "/jobs/status?job_name=never").await;
    assert_eq!(empty["runs"], json!([]), "registered without runs");
}
