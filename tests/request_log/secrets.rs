//! Secrets in paths, queries and headers reach no line and no span.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use tower::ServiceExt;
use tower_vitals::{HttpLayer, HttpMetricsLayer, RequestIdLayer, RequestLogLayer, ServerSpanLayer};

use crate::capture::Capture;

const JWT: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

#[tokio::test]
async fn secrets_of_requests_reach_no_record() {
    let forms = [
        ("/reset/planted?token=plant3d-t0ken", "plant3d-t0ken"),
        ("/x?password=plant3d-w0rd", "plant3d-w0rd"),
        ("/x?api_key=plant3d%2Dkey", "plant3d"),
        ("/x?page=1&sig=plant3d%2Fsig&a=b", "plant3d"),
        (
            "/x?X-Amz-Credential=plant3d%2F20261129&X-Amz-Signature=plant3d",
            "plant3d",
        ),
        ("/x?AWSAccessKeyId=plant3d&Signature=plant3d", "plant3d"),
        ("/x?next=https%3A%2F%2Fme%3Aplant3d%40host%2F", "plant3d"),
        (&format!("/x/{JWT}"), "dozjgNryP4J3jVmNHl0w5N"),
        (&format!("/x?a={JWT}"), "dozjgNryP4J3jVmNHl0w5N"),
        ("/token=plant3d-t0ken/x", "plant3d-t0ken"),
    ];
    for (target, secret) in forms {
        let (capture, _guard) = Capture::new();
        let app = Router::new().fallback(get(|| async { "answer" })).layer(
            HttpLayer::new()
                .metrics(HttpMetricsLayer::new())
                .request_id(RequestIdLayer::new())
                .log(RequestLogLayer::new())
                .span(ServerSpanLayer::new()),
        );
        let request = Request::get(target)
            .header("authorization", "Bearer plant3d-header")
            .header("cookie", "session=plant3d-header")
            .header("user-agent", format!("agent {JWT}"))
            .header("x-request-id", format!("Bearer {JWT}"))
            .header("host", "me:plant3d-header@shop.example")
            .body(Body::empty())
            .unwrap();
        app.oneshot(request).await.unwrap();
        let text = capture.text();
        assert!(text.contains("[redacted]"), "{target}: {text}");
        for secret in [secret, "plant3d-header", "dozjgNryP4J3jVmNHl0w5N"] {
            assert!(!text.contains(secret), "{target}: {secret} is in {text}");
        }
    }
}
