//! `RequestIds`: gives each request an id.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower_http::request_id::RequestId;
use uuid::Builder;
use uuid::fmt::Hyphenated;

use crate::request_id::is_valid;

#[derive(Debug, Clone)]
pub(crate) struct RequestIds {
    pub(crate) header: HeaderName,
    pub(crate) accepts_ids: bool,
}

impl RequestIds {
    /// Puts the request's id into its header and its extensions: the client's, or else a new one.
    pub(crate) fn identify<B>(&self, request: &mut Request<B>) -> HeaderValue {
        let id = match self.accepted(request.headers()) {
            Some(id) => id,
            None => {
                let id = new_id();
                request.headers_mut().insert(&self.header, id.clone());
                id
            }
        };
        request.extensions_mut().insert(RequestId::new(id.clone()));
        id
    }

    fn accepted(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if !self.accepts_ids {
            return None;
        }
        let mut ids = headers.get_all(&self.header).iter();
        let (id, None) = (ids.next()?, ids.next()) else {
            return None;
        };
        is_valid(id.to_str().ok()?).then(|| id.clone())
    }

    pub(crate) fn answer<B>(&self, response: &mut Response<B>, id: HeaderValue) {
        let headers = response.headers_mut();
        headers.insert(self.header.clone(), id.clone());
        response.extensions_mut().insert(RequestId::new(id));
    }
}

thread_local! {
    /// Keys that the system chose for this thread.
    static KEYS: RandomState = RandomState::new();
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// 64 random bits: a keyed hash of a count. The system's own generator takes a system call for each id.
fn random() -> u64 {
    let count = COUNT.get();
    COUNT.set(count.wrapping_add(1));
    KEYS.with(|keys| keys.hash_one(count))
}

/// A UUID of version 7 (RFC 9562, section 5.7).
fn new_id() -> HeaderValue {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or_default()
    });
    let mut bits = [0; 10];
    bits[..8].copy_from_slice(&random().to_le_bytes());
    bits[8..].copy_from_slice(&random().to_le_bytes()[..2]);
    let uuid = Builder::from_unix_timestamp_millis(millis, &bits).into_uuid();
    let mut text = [0; Hyphenated::LENGTH];
    uuid.hyphenated().encode_lower(&mut text);
    // Clones of these bytes do not allocate.
    HeaderValue::from_maybe_shared(Bytes::from_owner(text))
        .unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn new_ids_are_uuids_of_version_7_and_differ() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..1_000).map(|_| new_id()).collect::<Vec<_>>()))
            .collect();
        let ids: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        for id in &ids {
            let uuid = uuid::Uuid::parse_str(id.to_str().unwrap()).unwrap();
            assert_eq!(uuid.get_version_num(), 7);
            let (seconds, _) = uuid.get_timestamp().unwrap().to_unix();
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_secs();
            assert!(now.abs_diff(seconds) <= 60);
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4_000);
    }
}
