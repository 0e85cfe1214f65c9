/// A response extension that excludes its request from the metrics of [`HttpMetricsLayer`](super::HttpMetricsLayer),
/// except the gauge. [`ClientMetricsLayer`](super::ClientMetricsLayer) ignores it.
///
/// In axum it is a response part:
///
/// ```
/// use tower_vitals::http_metrics::SkipMetrics;
///
/// async fn robots() -> (SkipMetrics, &'static str) {
///     (SkipMetrics, "User-agent: *")
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SkipMetrics;

#[cfg(feature = "axum")]
impl axum::response::IntoResponseParts for SkipMetrics {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut parts: axum::response::ResponseParts,
    ) -> Result<axum::response::ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}
