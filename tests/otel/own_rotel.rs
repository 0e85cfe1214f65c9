//! A real collector of a test's own, which can go away.

use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpSocket;

use crate::collector::until;
use crate::service::{terminate, wait};
use crate::support::python::python;

/// A collector that ends when this is dropped.
pub(crate) struct OwnRotel {
    args: &'static [&'static str],
    program: PathBuf,
    folder: PathBuf,
    grpc: SocketAddr,
    http: SocketAddr,
    process: Option<Child>,
    /// Keep the ports from others while nobody listens.
    ports: Vec<TcpSocket>,
}

impl OwnRotel {
    /// Starts one with these arguments beside its own.
    pub(crate) fn start(args: &'static [&'static str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let package = python("import rotel; print(rotel.__path__[0])", "");
        let name = format!("vitals-rotel-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        File::create(folder.join("log")).unwrap();
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [grpc, http] = free.each_ref().map(|port| port.local_addr().unwrap());
        drop(free);
        let mut rotel = Self {
            args,
            program: PathBuf::from(package.trim()).join("rotel-agent"),
            folder,
            grpc,
            http,
            process: None,
            ports: Vec::new(),
        };
        rotel.restart();
        rotel
    }

    pub(crate) fn grpc(&self) -> String {
        format!("http://{}", self.grpc)
    }

    pub(crate) fn http(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The file with all spans that it got.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            terminate(&process);
            wait(&mut process);
        }
        self.ports = [self.grpc, self.http].map(reserve).into();
    }

    pub(crate) fn restart(&mut self) {
        self.ports.clear();
        let log = OpenOptions::new().append(true).open(self.log()).unwrap();
        let process = Command::new(&self.program)
            .args(["start", "--exporter", "blackhole"])
            .args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"])
            .args(["--otlp-grpc-endpoint", &self.grpc.to_string()])
            .args(["--otlp-http-endpoint", &self.http.to_string()])
            .arg("--pid-file")
            .arg(self.folder.join("pid"))
            .args(self.args)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.process = Some(process.unwrap());
        for address in [self.grpc, self.http] {
            until("collector", || TcpStream::connect(address).is_ok());
        }
    }
}

impl Drop for OwnRotel {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn reserve(address: SocketAddr) -> TcpSocket {
    let port = TcpSocket::new_v4().unwrap();
    port.set_reuseaddr(true).unwrap();
    port.bind(address).unwrap();
    port
}
