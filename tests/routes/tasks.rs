//! `/debug/tasks` shows the tasks and the workers of a tokio runtime.

use std::future::pending;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use boon::{Compiler, Schemas};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::routes::Guard;

use crate::support::until;

const PATH: &str = "/debug/tasks";

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).build().unwrap()
}

async fn get(routes: &Routes) -> Value {
    let app: Router = routes.clone().build().unwrap();
    let request = Request::get(PATH).header(AUTHORIZATION, "Bearer s3cret");
    let request = request.body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap();
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/routes/openapi/schemas/tasks.json"
    );
    let mut schemas = Schemas::new();
    let shape = Compiler::new().compile(schema, &mut schemas).unwrap();
    schemas
        .validate(&body, shape)
        .unwrap_or_else(|error| panic!("{error:#}\n{body:#}"));
    body
}

fn routes(handle: &Handle) -> Routes {
    Routes::new().tasks(handle).guard(Guard::bearer("s3cret"))
}

fn busy_seconds(tasks: &Value) -> f64 {
    let workers = tasks["workers"].as_array().unwrap().iter();
    workers
        .map(|worker| worker["busy_seconds"].as_f64().unwrap())
        .sum()
}

#[tokio::test]
async fn tasks_and_workers_are_those_of_the_runtime() {
    let watched = runtime(3);
    let routes = routes(watched.handle());
    let waiting: Vec<_> = (0..5).map(|_| watched.spawn(pending::<()>())).collect();
    let tasks = get(&routes).await;
    assert_eq!(tasks["alive_tasks"], 5);
    assert_eq!(tasks["workers"].as_array().unwrap().len(), 3);

    for task in waiting {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    until("aborted tasks are gone and all workers wait", async || {
        let tasks = get(&routes).await;
        let workers = tasks["workers"].as_array().unwrap();
        let is_idle =
            |worker: &Value| worker["is_parked"] == true && worker["parks"].as_u64().unwrap() > 0;
        tasks["alive_tasks"] == 0 && workers.iter().all(is_idle)
    })
    .await;
    watched.shutdown_background();
}

#[tokio::test]
async fn a_worker_inside_a_task_is_not_parked_and_its_time_counts_later() {
    let watched = runtime(1);
    let routes = routes(watched.handle());
    let before = busy_seconds(&get(&routes).await);
    let (enter, entered) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let busy = Duration::from_millis(30);
    let blocked = watched.spawn(async move {
        let start = Instant::now();
        enter.send(()).unwrap();
        released.recv().unwrap();
        while start.elapsed() < busy {
            std::hint::spin_loop();
        }
    });
    entered.await.unwrap();
    let waiting = watched.spawn(async {});
    let tasks = get(&routes).await;
    assert_eq!(tasks["workers"][0]["is_parked"], false);
    assert_eq!(tasks["alive_tasks"], 2);
    assert_eq!(
        tasks["global_queue_depth"], 1,
        "the only worker takes nothing"
    );

    release.send(()).unwrap();
    blocked.await.unwrap();
    waiting.await.unwrap();
    until("the worker parks, and its time counts", async || {
        busy_seconds(&get(&routes).await) >= before + busy.as_secs_f64()
    })
    .await;
    watched.shutdown_background();
}

#[tokio::test]
async fn tasks_are_guarded_and_mounted_on_demand_only() {
    let send = async |routes: Routes| {
        let app: Router = routes.build().unwrap();
        let request = Request::get(PATH).body(Body::empty()).unwrap();
        app.oneshot(request).await.unwrap().status().as_u16()
    };
    let handle = Handle::current();
    assert_eq!(send(routes(&handle)).await, 401);
    assert_eq!(send(Routes::new().tasks(&handle)).await, 403);
    assert_eq!(send(Routes::new().liveness()).await, 404);
}

#[tokio::test]
async fn a_runtime_that_has_shut_down_shows_its_last_figures() {
    let watched = runtime(2);
    let routes = routes(watched.handle());
    watched.shutdown_background();
    let tasks = get(&routes).await;
    assert_eq!(tasks["alive_tasks"], 0);
    assert_eq!(tasks["workers"].as_array().unwrap().len(), 2);
}
