//! Reads the beginning of a body.

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

/// Reads at most `max` bytes.
pub(crate) async fn read_body<B: Body>(body: B, max: usize) -> Result<Bytes, B::Error> {
    let mut body = std::pin::pin!(body);
    let mut bytes = BytesMut::new();
    while bytes.len() < max
        && let Some(frame) = body.frame().await
    {
        if let Ok(mut data) = frame?.into_data() {
            while data.has_remaining() && bytes.len() < max {
                let chunk = data.chunk();
                let read = chunk.len().min(max - bytes.len());
                bytes.extend_from_slice(&chunk[..read]);
                data.advance(read);
            }
        }
    }
    Ok(bytes.freeze())
}
