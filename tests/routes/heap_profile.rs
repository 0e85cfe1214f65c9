//! `/debug/pprof/heap` shows the profile of the service's allocator, or how to get one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use axum::Router;
use axum::body::Body;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::routes::Guard;

const PATH: &str = "/debug/pprof/heap";

async fn send(app: &Router, method: Method, path: &str) -> Response<Vec<u8>> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("host", "localhost").body(Body::empty());
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Response::from_parts(parts, body)
}

fn detail(response: &Response<Vec<u8>>) -> String {
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_slice(response.body()).unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

fn app(routes: Routes) -> Router {
    routes.guard(Guard::open()).build().unwrap()
}

#[tokio::test]
async fn the_profile_is_what_the_function_returns() {
    let profile = b"\x1f\x8b a profile".to_vec();
    let dumps = Arc::new(AtomicUsize::new(0));
    let (counted, dumped) = (dumps.clone(), profile.clone());
    let app = app(Routes::new().heap_profile(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(dumped.clone())
    }));
    let response = send(&app, Method::GET, PATH).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers[CONTENT_TYPE], "application/octet-stream");
    assert_eq!(
        headers[CONTENT_DISPOSITION],
        "attachment; filename=\"heap\""
    );
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(response.body(), &profile);
    assert_eq!(dumps.load(Ordering::SeqCst), 1);

    let head = send(&app, Method::HEAD, PATH).await;
    assert_eq!(head.status(), 200);
    let wrong = send(&app, Method::GET, "/debug/pprof/heap?seconds=5").await;
    assert_eq!(wrong.status(), 400);
    assert!(detail(&wrong).contains("no parameters"));
    assert_eq!(dumps.load(Ordering::SeqCst), 1, "neither takes a profile");
}

#[tokio::test]
async fn a_failure_says_how_to_set_up_jemalloc() {
    let app =
        app(Routes::new().heap_profile(|| Err("jemalloc was started without prof:true".into())));
    let response = send(&app, Method::GET, PATH).await;
    assert_eq!(response.status(), 403);
    let detail = detail(&response);
    assert!(
        detail.starts_with("There is no heap profile: jemalloc was started without prof:true. "),
        "{detail}"
    );
    for part in [
        "jemalloc",
        "MALLOC_CONF=prof:true,prof_active:true",
        "Routes::heap_profile",
    ] {
        assert!(detail.contains(part), "{detail}");
    }
}

#[tokio::test]
async fn a_panic_is_a_problem() {
    let app = app(Routes::new().heap_profile(|| panic!("planted")));
    for _ in 0..2 {
        let response = send(&app, Method::GET, PATH).await;
        assert_eq!(response.status(), 500);
        assert_eq!(
            detail(&response),
            "The service's function for heap profiles panicked."
        );
    }
}

#[tokio::test]
async fn heap_profiles_are_taken_one_at_a_time() {
    let (enter, entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let app = app(Routes::new().heap_profile(move || {
        let _ = enter.send(());
        released.lock().unwrap().recv()?;
        Ok(vec![1])
    }));
    let first = tokio::spawn({
        let app = app.clone();
        async move { send(&app, Method::GET, PATH).await }
    });
    tokio::task::spawn_blocking(move || entered.recv().unwrap())
        .await
        .unwrap();
    let second = send(&app, Method::GET, PATH).await;
    assert_eq!(second.status(), 409);
    assert_eq!(detail(&second), "Another heap profile is being taken.");
    release.send(()).unwrap();
    assert_eq!(first.await.unwrap().body(), &[1]);
    // The function fails now, because nobody sends any more, but it is its turn.
    drop(release);
    assert_eq!(send(&app, Method::GET, PATH).await.status(), 403);
}

#[tokio::test]
async fn the_index_links_to_the_routes_where_they_are() {
    let index = "/debug/pprof/";
    let handle = tokio::runtime::Handle::current();
    let routes = Routes::new().heap_profile(|| Ok(Vec::new()));
    let renamed = routes.clone().tasks(&handle).rename(PATH, "/heap");
    let shown = async |routes: Routes| {
        let response = send(&app(routes), Method::GET, index).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        serde_json::from_slice::<Value>(response.body()).unwrap()
    };
    let heap = |path: &str| json!({ "description": "Heap profile", "path": path });
    assert_eq!(
        shown(routes.clone()).await,
        json!({ "routes": [heap("../../debug/pprof/heap")] })
    );
    let tasks = json!({ "description": "Tasks and workers of a tokio runtime", "path": "../../debug/tasks" });
    assert_eq!(
        shown(renamed).await,
        json!({ "routes": [heap("../../heap"), tasks] })
    );

    let closed: Router = routes.clone().build().unwrap();
    assert_eq!(send(&closed, Method::GET, index).await.status(), 403);
    let removed = app(routes.remove(index));
    assert_eq!(send(&removed, Method::GET, index).await.status(), 404);
    let none: Router = Routes::new().tasks(&handle).build().unwrap();
    assert_eq!(send(&none, Method::GET, index).await.status(), 404);
}

#[tokio::test]
async fn it_is_guarded_and_mounted_on_demand_only() {
    let closed: Router = Routes::new()
        .heap_profile(|| Ok(Vec::new()))
        .build()
        .unwrap();
    assert_eq!(send(&closed, Method::GET, PATH).await.status(), 403);
    let none: Router = Routes::new().liveness().build().unwrap();
    assert_eq!(send(&none, Method::GET, PATH).await.status(), 404);
}
