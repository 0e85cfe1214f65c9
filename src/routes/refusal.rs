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
    /// Whether the guard itself failed. Without a challenge the status is then 500.
    is_failure: bool,
}

impl Refusal {
    pub(super) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: detail.into(),
            challenges: Vec::new(),
            is_failure: false,
        }
    }

    pub(super) fn failure(detail: &'static str) -> Self {
        Self {
            is_failure: true,
            ..Self::forbidden(detail)
        }
    }

    pub(super) fn challenge(challenge: &'static str, detail: &'static str) -> Self {
        Self {
            detail: detail.into(),
            challenges: vec![challenge],
            is_failure: false,
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
        let is_failure = refusals.iter().any(|refusal| refusal.is_failure);
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
            is_failure,
        }
    }

    /// The reason, in a sentence.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn into_response(self) -> Response {
        let status = match (&*self.challenges, self.is_failure) {
            ([], false) => StatusCode::FORBIDDEN,
            ([], true) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNAUTHORIZED,
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
