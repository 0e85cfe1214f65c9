//! A PostgreSQL of the test's own, which may be frozen, killed and started again without harm to other tests.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// In a folder as `tests/servers` keeps them; stopped and removed with the test.
pub struct Cluster {
    dir: PathBuf,
    pub url: String,
}

impl Cluster {
    pub fn start(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("vitals-{name}-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        // Whoever runs PostgreSQL looks in.
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
        assert!(self.servers(&["start", "postgres"]), "it does not start");
    }

    /// It answers nothing, and refuses nothing.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Without a farewell to anybody.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    fn servers(&self, what: &[&str]) -> bool {
        let servers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");
        let command = Command::new(servers)
            .args(what)
            .env("VITALS_SERVERS", &self.dir)
            .status();
        command.is_ok_and(|status| status.success())
    }

    /// To the server, and to its children, which have groups of their own.
    fn signal(&self, signal: &str) {
        let Ok(pid) = fs::read_to_string(self.dir.join("postgres.pid")) else {
            return;
        };
        let pid = pid.trim();
        // Read while it is there to have them.
        let children = format!("/proc/{pid}/task/{pid}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        for process in [pid].into_iter().chain(children.split_whitespace()) {
            // One may have ended meanwhile.
            let _ = Command::new("kill").args([signal, process]).status();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // One that is frozen would not hear that it is to stop, and one that is killed leaves its shared memory behind.
        self.signal("-CONT");
        self.servers(&["down"]);
    }
}

/// A free one below those that connections come from: while the server is away, nobody else is given it, nor connects to
/// himself there.
fn port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let free = (first..32_768).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.unwrap()
}
