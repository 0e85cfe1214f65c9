//! `Batch`: the spans of one request to the collector.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

/// A batch is not halved more often, because some proxies call all requests too large.
const MAX_HALVINGS: u32 = 6;

/// The spans of one request to the collector.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) request: ExportTraceServiceRequest,
    halvings: u32,
}

impl Batch {
    pub(super) fn new(resource_spans: Vec<ResourceSpans>) -> Self {
        Self {
            request: ExportTraceServiceRequest { resource_spans },
            halvings: 0,
        }
    }

    /// The number of spans.
    pub(super) fn len(&self) -> usize {
        let resources = self.request.resource_spans.iter();
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.map(|scope| scope.spans.len()).sum()
    }

    /// Takes the second half of the spans out. `None` if there is one span alone, and after some halvings.
    pub(super) fn halve(&mut self) -> Option<Self> {
        let first = self.len() / 2;
        if first == 0 || self.halvings == MAX_HALVINGS {
            return None;
        }
        self.halvings += 1;
        let mut room = first;
        let resources = self.request.resource_spans.iter_mut();
        let second = resources.map(|resource| ResourceSpans {
            resource: resource.resource.clone(),
            schema_url: resource.schema_url.clone(),
            scope_spans: take_rest(&mut resource.scope_spans, &mut room),
        });
        let resource_spans = second.collect();
        for resource in &mut self.request.resource_spans {
            resource.scope_spans.retain(|scope| !scope.spans.is_empty());
        }
        Some(Self {
            request: ExportTraceServiceRequest { resource_spans },
            halvings: self.halvings,
        })
    }
}

/// Leaves as many spans as there is room for.
fn take_rest(scopes: &mut [ScopeSpans], room: &mut usize) -> Vec<ScopeSpans> {
    let rest = scopes.iter_mut().filter_map(|scope| {
        let left = scope.spans.len().min(*room);
        *room -= left;
        let spans = scope.spans.split_off(left);
        (!spans.is_empty()).then(|| ScopeSpans {
            scope: scope.scope.clone(),
            spans,
            schema_url: scope.schema_url.clone(),
        })
    });
    rest.collect()
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
    use opentelemetry_proto::tonic::trace::v1::Span;

    use super::*;

    fn scope(name: &str, spans: &[&str]) -> ScopeSpans {
        let spans = spans.iter().map(|name| Span {
            name: (*name).to_owned(),
            ..Span::default()
        });
        ScopeSpans {
            scope: Some(InstrumentationScope {
                name: name.to_owned(),
                ..InstrumentationScope::default()
            }),
            spans: spans.collect(),
            schema_url: format!("https://{name}"),
        }
    }

    fn batch(scopes: Vec<ScopeSpans>) -> Batch {
        Batch::new(vec![ResourceSpans {
            scope_spans: scopes,
            schema_url: "https://resource".to_owned(),
            ..ResourceSpans::default()
        }])
    }

    #[test]
    fn halves_have_the_scopes_of_their_spans() {
        let mut first = batch(vec![
            scope("a", &["1"]),
            scope("b", &["2", "3", "4"]),
            scope("c", &["5"]),
        ]);
        let second = first.halve().unwrap();
        let expected = batch(vec![scope("a", &["1"]), scope("b", &["2"])]);
        assert_eq!(first.request, expected.request);
        let expected = batch(vec![scope("b", &["3", "4"]), scope("c", &["5"])]);
        assert_eq!(second.request, expected.request);
        assert_eq!((first.len(), second.len()), (2, 3));
    }

    #[test]
    fn a_batch_is_halved_six_times() {
        let mut all = batch(vec![scope("a", &["span"; 512])]);
        for size in [256, 128, 64, 32, 16, 8] {
            assert_eq!(all.halve().unwrap().len(), size);
        }
        assert!(all.halve().is_none());
        let mut one = batch(vec![scope("a", &["span"])]);
        assert!(one.halve().is_none());
        assert_eq!(one.len(), 1);
    }
}
