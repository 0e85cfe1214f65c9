//! The pause that a gRPC server asks for.

use std::time::Duration;

use prost::Message;

/// `google.rpc.Status`, in `grpc-status-details-bin`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// The pause that the details of a status ask for. It is zero if they ask for another attempt without a pause.
pub(super) fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).ok()?;
    let mut details = status.details.iter();
    let info = details.find(|it| it.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay;
    let delay = delay.unwrap_or_default();
    let seconds = u64::try_from(delay.seconds).unwrap_or(0);
    let nanos = u32::try_from(delay.nanos).unwrap_or(0).min(999_999_999);
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The details of a status with this pause.
    pub(in super::super) fn details(seconds: i64, nanos: i32) -> Vec<u8> {
        let info = RetryInfo {
            retry_delay: Some(Delay { seconds, nanos }),
        };
        let other = Any {
            type_url: "type.googleapis.com/google.rpc.DebugInfo".to_owned(),
            value: b"any".to_vec(),
        };
        let info = Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: info.encode_to_vec(),
        };
        let details = vec![other, info];
        RpcStatus { details }.encode_to_vec()
    }

    #[test]
    fn a_pause_is_read() {
        assert_eq!(
            retry_delay(&details(7, 500_000_000)),
            Some(Duration::from_millis(7500))
        );
        assert_eq!(
            retry_delay(&details(-1, i32::MAX)),
            Some(Duration::new(0, 999_999_999))
        );
        assert_eq!(
            retry_delay(&details(i64::MAX, 0)),
            Some(Duration::from_secs(i64::MAX as u64))
        );
        // Without a delay.
        let any = b"\x0a\x28type.googleapis.com/google.rpc.RetryInfo";
        let mut status = b"\x08\x08\x1a\x2a".to_vec();
        status.extend(any);
        assert_eq!(retry_delay(&status), Some(Duration::ZERO));
        for none in [&b""[..], b"\x08\x08", b"\xff\xff"] {
            assert_eq!(retry_delay(none), None, "{none:?}");
        }
    }
}
