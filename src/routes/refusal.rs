//! [`Refusal`]: why a guard does not let a request pass.

use std::borrow::Cow;

use axum::response::Response;
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};

use super::problem::problem;

#[derive(Debug)]
pub(super) struct Refusal {
    detail: Cow<'static, str>,
    /// The challenges to authenticate with (RFC 9110, section 11.6.1). Without one the status is 403.
    challenges: Vec<&'static str>,
}

impl Refusal {
    pub(super) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: detail.into(),
            challenges: Vec::new(),
        }
    }

    pub(super) fn challenge(challenge: &'static str, detail: &'static str) -> Self {
        Self {
            detail: detail.into(),
            challenges: vec![challenge],
        }
    }

    /// The refusal of several guards, any of which would do. Only those that the client can satisfy by a credential count, if
    /// there are some.
    pub(super) fn any(refusals: Vec<Self>) -> Self {
        let is_challenged = refusals
            .iter()
            .any(|refusal| !refusal.challenges.is_empty());
        let mut details: Vec<Cow<'static, str>> = Vec::new();
        let mut challenges = Vec::new();
        for refusal in refusals {
            if is_challenged && refusal.challenges.is_empty() || details.contains(&refusal.detail) {
                continue;
            }
            details.push(refusal.detail);
            challenges.extend(refusal.challenges);
        }
        Self {
            detail: details.join(" Or: ").into(),
            challenges,
        }
    }

    pub(super) fn into_response(self) -> Response {
        let status = if self.challenges.is_empty() {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::UNAUTHORIZED
        };
        let mut response = problem(status, &self.detail);
        for challenge in self.challenges {
            response
                .headers_mut()
                .append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
