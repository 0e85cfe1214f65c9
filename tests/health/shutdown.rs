//! SIGTERM on the quickstart under load: readiness turns first, the listener closes after, and no request is lost.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::example::Example;
use crate::support::request;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::{Health, Routes};

fn signal(example: &Example, signal: &str) {
    let pid = example.process.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
}

async fn exit(example: &mut Example) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = example.process.try_wait().unwrap() {
            return status.code();
        }
        assert!(Instant::now() < deadline, "it does not end");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the examples built: tests/run"]
async fn readiness_turns_before_the_listener_closes_and_no_request_is_lost() {
    let mut example = Example::start("quickstart");
    let address: Arc<str> = example.address().into();
    let has_turned = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));

    // Clients behind a balancer: they come until it has taken the instance out.
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (address, has_turned, answered) = (
                Arc::clone(&address),
                Arc::clone(&has_turned),
                Arc::clone(&answered),
            );
            tokio::spawn(async move {
                let path = ["/users/7", "/slow", "/stream", "/"][client % 4];
                while !has_turned.load(Ordering::SeqCst) {
                    let (status, body) = request(&address, path).await.unwrap();
                    assert_eq!(status, 200, "{path}");
                    assert!(path != "/stream" || body.contains("chunk 9"), "{body}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 200);
    crate::support::until("a thousand are answered", async || {
        answered.load(Ordering::SeqCst) >= 1000
    })
    .await;

    let began = Instant::now();
    signal(&example, "-TERM");
    let turned = loop {
        let (status, body) = request(&address, "/readyz").await.unwrap();
        if status == 503 {
            assert_eq!(body, r#"{"status":"unhealthy","reason":"draining"}"#);
            break began.elapsed();
        }
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "readiness does not turn"
        );
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(
        request(&address, "/livez").await.unwrap().0,
        200,
        "it is not to be killed"
    );
    // The balancer takes a second more.
    sleep(Duration::from_secs(1)).await;
    has_turned.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }

    // Under way while the listener closes, 5 s after the signal: they are finished nonetheless.
    sleep(Duration::from_millis(4500).saturating_sub(began.elapsed())).await;
    let late = ["/slow", "/stream"].map(|path| {
        let address = Arc::clone(&address);
        tokio::spawn(async move { request(&address, path).await })
    });
    let closed = loop {
        if TcpStream::connect(&*address).await.is_err() {
            break began.elapsed();
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "the listener does not close"
        );
        sleep(Duration::from_millis(20)).await;
    };
    for late in late {
        let (status, body) = late.await.unwrap().unwrap();
        assert_eq!(status, 200);
        assert!(body.contains("done") || body.contains("chunk 9"), "{body}");
    }
    assert_eq!(exit(&mut example).await, Some(0));
    let answered = answered.load(Ordering::SeqCst);
    println!(
        "{answered} answered; readiness 503 after {turned:?}, listener closed after {closed:?}"
    );
    assert!(closed >= Duration::from_secs(5) && turned < closed);
}

#[tokio::test]
#[ignore = "needs the examples built: tests/run"]
async fn a_second_signal_and_an_interrupt_do_not_wait() {
    for signals in [&["-TERM", "-TERM"][..], &["-INT"], &["-TERM", "-INT"]] {
        let mut example = Example::start("quickstart");
        assert_eq!(request(example.address(), "/readyz").await.unwrap().0, 200);
        let began = Instant::now();
        for (n, name) in signals.iter().enumerate() {
            if n > 0 {
                // The first has arrived when readiness has turned.
                while request(example.address(), "/readyz").await.unwrap().0 != 503 {
                    sleep(Duration::from_millis(10)).await;
                }
            }
            signal(&example, name);
        }
        assert_eq!(exit(&mut example).await, Some(0));
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "{signals:?}: {:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn a_server_of_its_own_serves_until_the_signal() {
    let health = Health::builder().build().unwrap();
    let routes = Routes::new().health(health.clone());
    let server = routes.serve("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.until(stopped));
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 200);
    health.drain();
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 503);
    drop(stop);
    timeout(Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap();
    assert!(request(&address, "/readyz").await.is_err());
}
