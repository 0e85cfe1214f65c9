//! One uncached check, and servers that hang.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower_vitals::Health;
use tower_vitals::health::{Check, CheckResult, Status};

pub fn with(check: impl Check) -> Health {
    Health::builder()
        .cache_for(Duration::ZERO)
        .check("it", check)
        .build()
        .unwrap()
}

pub async fn result(health: &Health) -> CheckResult {
    health.run_check("it").await.unwrap()
}

#[track_caller]
pub fn assert_says(result: &CheckResult, status: Status, text: &str) {
    let message = result.message().unwrap_or_default();
    assert_eq!(result.status(), status, "{message}");
    assert!(message.contains(text), "{text:?} is not in {message:?}");
}

/// Accepts connections and reads from them. Sends one byte of `drip` per second, or nothing. Counts the open
/// connections.
pub async fn hanging_server(drip: Option<&'static [u8]>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let open = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&open);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let open = Arc::clone(&counter);
            open.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut bytes = drip.into_iter().flatten().cycle();
                let mut ticks = tokio::time::interval(Duration::from_secs(1));
                let mut buffer = [0; 1024];
                loop {
                    tokio::select! {
                        read = stream.read(&mut buffer) => {
                            if matches!(read, Ok(0) | Err(_)) { break }
                        }
                        _ = ticks.tick(), if drip.is_some() => {
                            if stream.write_all(&[*bytes.next().unwrap()]).await.is_err() { break }
                        }
                    }
                }
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (address, open)
}

/// The threads of this process.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// An address without a listener.
pub fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}
