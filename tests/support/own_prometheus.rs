//! A Prometheus 3 with features of a test's choice.

use std::net::TcpListener;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::env;
use super::native_setting::{features_and_setting, version_of};
use super::prometheus::Server;

/// It scrapes every second, and ends when this is dropped.
pub struct OwnPrometheus {
    server: Server,
    process: Child,
    folder: PathBuf,
}

impl OwnPrometheus {
    /// Starts one with these features (`--enable-feature`), of which each version gets `native-histograms` in its way. `None` if `tests/servers` could not download version 3.
    pub fn start(features: &[&str]) -> Option<Self> {
        Self::start_with_jobs(features, &[("tests", "")])
    }

    /// Starts one with jobs of these names and settings, each of which scrapes all targets.
    pub fn start_with_jobs(features: &[&str], jobs: &[(&str, &str)]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let promtool = env("VITALS_PROMTOOL_3");
        if promtool.is_empty() {
            return None;
        }
        let prometheus = Path::new(&promtool).with_file_name("prometheus");
        let (features, native) = features_and_setting(version_of(&prometheus), features);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vitals-prometheus-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let targets = folder.join("targets");
        std::fs::create_dir_all(&targets).unwrap();
        let config = folder.join("prometheus.yml");
        let files = format!("{}/*.json", targets.display());
        let jobs = jobs.iter().map(|(name, settings)| {
            let settings = [*settings, native].into_iter().filter(|one| !one.is_empty());
            let settings = settings.collect::<Vec<_>>().join(", ");
            format!(
                "- {{ job_name: {name}, file_sd_configs: [{{ files: ['{files}'], refresh_interval: 1s }}], {settings} }}\n"
            )
        });
        let jobs: String = jobs.collect();
        std::fs::write(
            &config,
            format!("global: {{ scrape_interval: 1s }}\nscrape_configs:\n{jobs}"),
        )
        .unwrap();
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let address = format!("127.0.0.1:{port}");
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let process = Command::new(prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("tsdb").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg(format!("--enable-feature={}", features.join(",")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let own = Self {
            server: Server::at(address, targets),
            process,
            folder,
        };
        own.wait();
        Some(own)
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.server.is_ready() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(
                Instant::now() < deadline,
                "Prometheus is not ready after a minute: {log}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Deref for OwnPrometheus {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for OwnPrometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
