//! The page and its files.

use axum::Router;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH,
};
use serde_json::json;
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

use super::{app, json, respond, text};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn routes() -> Routes {
    Routes::new()
        .metrics(Prometheus::builder().build().unwrap())
        .guard(Guard::bearer("s3cret"))
        .dashboard()
}

#[tokio::test]
async fn the_page_is_open_and_protected_by_its_headers() {
    let app = app(routes());
    for (path, content_type) in [
        ("/dashboard", "text/html; charset=utf-8"),
        (
            "/dashboard/assets/main.js",
            "text/javascript; charset=utf-8",
        ),
        ("/dashboard/assets/app.css", "text/css; charset=utf-8"),
    ] {
        let response = respond(&app, path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers();
        let expected = [
            (CONTENT_TYPE.as_str(), content_type),
            (CONTENT_SECURITY_POLICY.as_str(), POLICY),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            (CACHE_CONTROL.as_str(), "no-cache"),
        ];
        for (name, value) in expected {
            let name = HeaderName::try_from(name).unwrap();
            assert_eq!(headers[&name], value, "{path}");
        }
        let tag = headers[ETAG].to_str().unwrap().to_owned();
        let body = text(response).await;
        assert!(!body.is_empty() && !body.contains("{{"), "{body}");

        for sent in [&*tag, &format!("\"other\", W/{tag}")] {
            let again = respond(&app, path, &[(IF_NONE_MATCH, sent)]).await;
            assert_eq!(again.status(), 304, "{path} {sent}");
            assert_eq!(again.headers()[CONTENT_SECURITY_POLICY], POLICY);
            assert_eq!(text(again).await, "");
        }
        let changed = respond(&app, path, &[(IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(changed.status(), 200);
    }
    let unknown = respond(&app, "/dashboard/assets/secret.txt", &[]).await;
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn data_is_guarded() {
    let app = app(routes());
    for path in [
        "/dashboard/config.json",
        "/dashboard/events",
        "/dashboard/family/http_requests_total",
    ] {
        let refused = respond(&app, path, &[]).await;
        assert_eq!(refused.status(), 401, "{path}");
        assert_eq!(refused.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(refused.headers()["www-authenticate"], "Bearer");
        let wrong = respond(&app, path, &[(AUTHORIZATION, "Bearer wrong")]).await;
        assert_eq!(wrong.status(), 401, "{path}");
        let allowed = respond(&app, path, &[(AUTHORIZATION, "Bearer s3cret")]).await;
        assert_ne!(allowed.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn links_follow_renamed_and_nested_routes() {
    let routes = Routes::new()
        .metrics(Prometheus::builder().prefix("shop").build().unwrap())
        .guard(Guard::open())
        .rename("/dashboard", "/live/view")
        .rename("/dashboard/config.json", "/live/settings")
        .remove("/metrics/registries")
        .dashboard();
    let app: Router = Router::new().nest("/ops", routes.into());
    let shell = text(respond(&app, "/ops/live/view", &[]).await).await;
    // From /ops/live/view, these are /ops/live/settings and /ops/dashboard/assets/main.js.
    assert!(shell.contains("content=\"../live/settings\""), "{shell}");
    assert!(shell.contains("\"../dashboard/assets/main.js\""), "{shell}");
    let config = json(&app, "/ops/live/settings").await;
    let paths = &config["paths"];
    assert_eq!(paths["/dashboard"], "/live/view");
    assert_eq!(paths["/metrics/json"], "/metrics/json");
    assert_eq!(paths.get("/metrics/registries"), None);
    assert_eq!(paths.get("/alerts"), None);
    assert_eq!(
        config["names"],
        json!({
            "requests": "shop_http_requests_total",
            "duration": "shop_http_request_duration_seconds",
            "in_flight": "shop_http_requests_in_progress",
        })
    );
    let has = json!({
        "metrics": true, "history": false, "health": false, "jobs": false, "alerts": false, "logs": false,
    });
    assert_eq!(config["has"], has);
}
