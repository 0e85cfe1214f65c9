//! The RabbitMQ check of an `amqps://` URL, where lapin is built without TLS, as in these tests.

use crate::support::health::{assert_says, result, with};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tower_vitals::health::Status;
use tower_vitals::health::checks::RabbitMq;

/// lapin itself would speak in clear text, and send the password to any server that answers.
#[tokio::test]
async fn without_tls_an_amqps_url_is_unhealthy_and_nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    });
    let check = RabbitMq::url(&format!("amqps://kit:s3cret@{address}/%2f")).unwrap();
    let refused = result(&with(check)).await;
    let text = "cannot connect: IO error: amqps:// needs one of the TLS features of lapin, such as rustls--ring";
    assert_says(&refused, Status::Unhealthy, text);
    assert_eq!(received.await.unwrap(), b"");
}
