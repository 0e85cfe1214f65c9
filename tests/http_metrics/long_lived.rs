//! Web sockets and event streams of a real axum server, over HTTP/1 and HTTP/2: each is one request.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::{Request, StatusCode, Version};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper::ext::Protocol;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as ClientMessage;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::support::{Reader, layer, recorder, until};

const SOCKET: &str = "/rooms/{id}/socket";
const EVENTS: &str = "/events/{count}";
const ENDLESS: &str = "/events";

/// Serves until the runtime of the test ends.
async fn server() -> (SocketAddr, Reader) {
    let (recorder, reader) = recorder();
    let socket = |upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) };
    let event = |n: usize| Ok::<_, Infallible>(Event::default().data(n.to_string()));
    let events = move |count: axum::extract::Path<usize>| async move {
        Sse::new(stream::iter(0..count.0).map(event))
    };
    let endless =
        move || async move { Sse::new(stream::iter([0]).map(event).chain(stream::pending())) };
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route(SOCKET, any(socket))
        .route(EVENTS, get(events))
        .route(ENDLESS, get(endless))
        .layer(layer(recorder));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    (address, reader)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// Exchanges a hundred messages.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) {
    for n in 0..100 {
        let message = ClientMessage::text(format!("message {n}"));
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
}

async fn over_http1(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/rooms/7/socket");
    let (socket, response) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(response.status(), 101);
    socket
}

async fn http2_connection(address: SocketAddr) -> http2::SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut connection, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(driver);
    // The server's settings, which allow WebSockets, come before its first response.
    let first = Request::get(format!("http://{address}/")).body(Empty::new());
    let first = connection.send_request(first.unwrap()).await.unwrap();
    assert_eq!(
        (first.status(), first.version()),
        (StatusCode::OK, Version::HTTP_2)
    );
    first.into_body().collect().await.unwrap();
    connection
}

/// Extended CONNECT (RFC 8441).
async fn over_http2(
    connection: &mut http2::SendRequest<Empty<Bytes>>,
    address: SocketAddr,
) -> WebSocketStream<TokioIo<hyper::upgrade::Upgraded>> {
    let request = Request::connect(format!("http://{address}/rooms/7/socket"))
        .version(Version::HTTP_2)
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .body(Empty::new())
        .unwrap();
    let response = connection.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let upgraded = hyper::upgrade::on(response).await.unwrap();
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await
}

#[tokio::test]
async fn a_websocket_is_one_request_that_ends_with_its_upgrade() {
    let (address, reader) = server().await;
    let mut one = [over_http1(address).await, over_http1(address).await];
    let mut connection = http2_connection(address).await;
    let mut two = [
        over_http2(&mut connection, address).await,
        over_http2(&mut connection, address).await,
        over_http2(&mut connection, address).await,
    ];
    for socket in &mut one {
        talk(socket).await;
    }
    for socket in &mut two {
        talk(socket).await;
    }
    // An upgrade that is refused.
    let mut refused = Request::get(format!("http://{address}/rooms/7/socket"));
    refused
        .headers_mut()
        .unwrap()
        .insert("connection", "close".parse().unwrap());
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let refused = client
        .request(refused.body(Empty::new()).unwrap())
        .await
        .unwrap();
    let status = refused.status();
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let assert_counts = || {
        let taken = reader.take();
        let count = |method: &str, status: &str| {
            let labels = [("endpoint", SOCKET), ("method", method), ("status", status)];
            taken.counter("http_requests_total", &labels)
        };
        assert_eq!(count("GET", "101"), 2, "{taken:?}");
        assert_eq!(count("CONNECT", "200"), 3, "{taken:?}");
        assert_eq!(count("GET", "400"), 1, "{taken:?}");
        // And one `GET /`.
        assert_eq!(
            (taken.requests(), taken.durations().len()),
            (7, 7),
            "{taken:?}"
        );
        assert_eq!(
            (taken.all_aborted(), taken.in_progress()),
            (0, 0.0),
            "{taken:?}"
        );
    };
    refused.into_body().collect().await.unwrap();
    assert_counts();
    // Closed by the client, dropped by the client: nothing is added.
    one[0].close(None).await.unwrap();
    two[0].close(None).await.unwrap();
    drop((one, two, connection));
    let after = client.get(format!("http://{address}/events/0").parse().unwrap());
    after.await.unwrap().into_body().collect().await.unwrap();
    let taken = reader.take();
    assert_eq!(
        taken.counter("http_requests_total", &[("endpoint", SOCKET)]),
        6
    );
    assert_eq!(
        (taken.requests(), taken.all_aborted(), taken.in_progress()),
        (8, 0, 0.0)
    );
}

#[tokio::test]
async fn an_event_stream_is_one_request_until_its_last_event() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (address, reader) = server().await;
        let client = Client::builder(TokioExecutor::new())
            .http2_only(version == Version::HTTP_2)
            .build_http::<Empty<Bytes>>();
        for _ in 0..5 {
            let url = format!("http://{address}/events/3").parse().unwrap();
            let response = client.get(url).await.unwrap();
            assert_eq!(
                (response.status(), response.version()),
                (StatusCode::OK, version)
            );
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
        }
        // The client may have the end before the server has noticed it.
        until("five requests are recorded", async || {
            reader.take().requests() == 5
        })
        .await;

        let url: http::Uri = format!("http://{address}/events").parse().unwrap();
        let mut open = Vec::new();
        for _ in 0..4 {
            let mut response = client.get(url.clone()).await.unwrap();
            let first = response.body_mut().frame().await.unwrap().unwrap();
            assert_eq!(first.into_data().unwrap(), "data: 0\n\n");
            open.push(response);
        }
        let taken = reader.take();
        assert_eq!(
            (taken.requests(), taken.in_progress()),
            (5, 4.0),
            "{taken:?}"
        );
        drop(open);
        until("four streams are recorded", async || {
            reader.take().requests() == 9
        })
        .await;
        let taken = reader.take();
        let count = |endpoint: &str| {
            let labels = [("endpoint", endpoint), ("method", "GET"), ("status", "200")];
            taken.counter("http_requests_total", &labels)
        };
        assert_eq!((count(EVENTS), count(ENDLESS)), (5, 4), "{taken:?}");
        assert_eq!(
            (taken.aborted("body_dropped"), taken.all_aborted()),
            (4, 4),
            "{taken:?}"
        );
        assert_eq!(
            (taken.durations().len(), taken.in_progress()),
            (9, 0.0),
            "{taken:?}"
        );
    }
}
