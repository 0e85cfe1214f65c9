//! A PostgreSQL server for one test, which can freeze, kill and restart it, and put PgBouncer in front of it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

/// Lives in a folder like those of `tests/servers`. Stopped and removed on drop.
pub struct Cluster {
    dir: PathBuf,
    pub url: String,
}

impl Cluster {
    pub fn start(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("vitals-{name}-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        // PostgreSQL runs as another user, who must read the folder.
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        let port = port();
        fs::write(dir.join("postgres.port"), port.to_string()).unwrap();
        let mut cluster = Self {
            dir,
            url: String::new(),
        };
        cluster.start_again();
        let password = fs::read_to_string(cluster.dir.join("postgres.password")).unwrap();
        let password = password.trim();
        cluster.url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        cluster
    }

    pub fn start_again(&self) {
        assert!(
            self.servers(&["start", "postgres"]),
            "PostgreSQL does not start"
        );
    }

    /// Starts PgBouncer in transaction mode, at the same address each time. Returns the URL of the server through it.
    pub fn start_pgbouncer(&self) -> String {
        let file = self.dir.join("pgbouncer.port");
        if !file.exists() {
            fs::write(&file, port().to_string()).unwrap();
        }
        assert!(
            self.servers(&["start", "pgbouncer"]),
            "PgBouncer does not start"
        );
        let server = fs::read_to_string(self.dir.join("postgres.port")).unwrap();
        let port = fs::read_to_string(file).unwrap();
        self.url
            .replace(&format!(":{server}/"), &format!(":{port}/"))
    }

    pub fn stop_pgbouncer(&self) {
        assert!(
            self.servers(&["stop", "pgbouncer"]),
            "PgBouncer does not stop"
        );
    }

    /// Stops the server from answering. Connections stay open.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Kills the server without a shutdown.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    fn servers(&self, args: &[&str]) -> bool {
        let servers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");
        let command = Command::new(servers)
            .args(args)
            .env("VITALS_SERVERS", &self.dir)
            .status();
        command.is_ok_and(|status| status.success())
    }

    /// Sends a signal to the server and to its children, which have process groups of their own.
    fn signal(&self, signal: &str) {
        let Ok(pid) = fs::read_to_string(self.dir.join("postgres.pid")) else {
            return;
        };
        let pid = pid.trim();
        // Reads the children while their parent exists.
        let children = format!("/proc/{pid}/task/{pid}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        for process in [pid].into_iter().chain(children.split_whitespace()) {
            // A process may have exited meanwhile.
            let _ = Command::new("kill").args([signal, process]).status();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A frozen server cannot stop, and a killed one leaves its shared memory behind.
        self.signal("-CONT");
        self.servers(&["down"]);
    }
}

/// A free port below the ephemeral range. While the server is down, no other socket gets the port, and no client connects to
/// itself there.
fn port() -> u16 {
    /// The servers of one process have different ports.
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let first = first + 10 * TAKEN.fetch_add(1, Ordering::SeqCst);
    let free = (first..32_768).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.unwrap()
}
