//! `RequestIdLayer`: the layer that gives each request an id.

use http::HeaderName;
use tower_layer::Layer;

use super::http_layer::HttpLayer;
use super::http_service::HttpService;
use super::observe::{Observers, RequestIds};

/// A [`tower::Layer`](tower_layer::Layer) that gives each request an id, a UUID of version 7. Alone, or as a part of
/// [`HttpLayer`](HttpLayer::request_id).
///
/// The id is
///
/// - in the header `x-request-id` of the request and of each response, whatever the service set there,
/// - in the extensions of the request as tower-http's `RequestId`, and so in the extractor [`RequestId`](crate::RequestId),
/// - in the field `request_id` of a span around the service and its response body, and so in every log line of the request,
/// - in the line of [`RequestLogLayer`](super::RequestLogLayer), and in the problems that [`Routes`](crate::Routes) answers with.
///
/// The id that a client sends is accepted if it matches `^[A-Za-z0-9_-]{1,64}$`. Others are replaced, also if there are several.
///
/// The span has the target `tower_vitals::request_id`, and the level ERROR, so that filters by level keep it. It is no part of a trace.
/// With [`ServerSpanLayer`](super::ServerSpanLayer) in the same layer, its span shows the id.
///
/// Put this layer outside of those that answer themselves, such as an authentication, so that their answers have an id, too.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_vitals::RequestIdLayer;
///
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(RequestIdLayer::new());
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RequestIdLayer {
    ids: RequestIds,
}

impl RequestIdLayer {
    /// Creates a layer with the header `x-request-id`, which accepts the ids of clients.
    pub fn new() -> Self {
        Self {
            ids: RequestIds {
                header: HeaderName::from_static("x-request-id"),
                accepts_ids: true,
            },
        }
    }

    /// Sets the header of requests and responses.
    pub fn header(mut self, header: HeaderName) -> Self {
        self.ids.header = header;
        self
    }

    /// Replaces the id that a client sends, whatever it is.
    pub fn replace_client_ids(mut self) -> Self {
        self.ids.accepts_ids = false;
        self
    }
}

default_is_new!(RequestIdLayer);

impl<S> Layer<S> for RequestIdLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let observers = Observers {
            ids: Some(self.ids.clone()),
            ..Observers::default()
        };
        HttpService::observing(inner, observers)
    }
}

impl HttpLayer {
    /// Gives each request an id, which its log line and its span have.
    pub fn request_id(mut self, layer: RequestIdLayer) -> Self {
        self.set(|observers| observers.ids = Some(layer.ids));
        self
    }
}
