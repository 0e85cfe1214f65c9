//! `Protocol`: the transport of OTLP.

/// The transport of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC, usually on port 4317.
    Grpc,
    /// Protobuf in HTTP/1.1 requests, usually on port 4318.
    HttpProtobuf,
}
