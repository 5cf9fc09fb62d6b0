//! Checks this machine: the configuration, the secret and who may read it, the catalog and its disk, the daemon.

use std::path::Path;

use super::{Findings, Verdict};
use crate::archive::health;
use crate::catalog::{self, Catalog};
use crate::cli::screen::Screen;
use crate::cli::status;
use crate::cli::wiring;
use crate::config::{Config, Loaded};
use crate::daemon::lock::Lock;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::gap;

pub(super) fn configuration(findings: &mut Findings, loaded: &Loaded) {
    let config = &loaded.config;
    let source = loaded.source_name();
    let looks =
        config.discover.organization || !config.discover.users.is_empty() || !config.watch.conferences.is_empty();
    if looks {
        findings.add("configuration", Verdict::Ok, source);
    } else {
        let what = "no meeting is looked for: set discover.organization, discover.users or watch.conferences";
        findings.add("configuration", Verdict::Warning, format!("{source}; {what}"));
    }
}

/// Checks where the secret is and who may read it. Returns whether it can be used here.
pub(super) fn secret(findings: &mut Findings, loaded: &Loaded) -> bool {
    let dingtalk = &loaded.config.dingtalk;
    if let (Ok(_), Some(path)) = (dingtalk.app(), dingtalk.credential_for_the_daemon_alone()) {
        let what = "is not readable from here, and that is as intended: systemd passes it to the daemon; `doctor` as \
                    root asks DingTalk too";
        findings.add("credentials", Verdict::Ok, format!("the secret in {} {what}", path.display()));
        return false;
    }
    let place = match (dingtalk.credential_file(), dingtalk.secret_file()) {
        (Some(path), _) => format!("{}, which systemd passes to the daemon", path.display()),
        (None, Some((_, path))) => path.display().to_string(),
        (None, None) => "dingtalk.app_secret".to_owned(),
    };
    match dingtalk.credentials() {
        Ok(_) => findings.add("credentials", Verdict::Ok, format!("the secret is in {place}")),
        Err(problem) => {
            findings.add("credentials", Verdict::Failed, problem.to_string());
            return false;
        }
    }
    let exposed = loaded.exposed();
    for exposed in &exposed {
        findings.add("permissions", Verdict::Failed, exposed.to_string());
    }
    if exposed.is_empty() {
        findings.add("permissions", Verdict::Ok, "only its owner and its group may read the secret");
    }
    true
}

/// Opens the catalog, and says whether it may be written to.
pub(super) async fn open(findings: &mut Findings, config: &Config) -> Option<(Catalog, bool)> {
    if config.catalog.url.is_some() {
        return open_database(findings, config).await;
    }
    let path = &config.catalog.path;
    space(findings, path);
    // To look must change nothing; and the daemon could not open what root creates in its folder.
    if !path.exists() {
        let what = format!("{} does not exist yet; the daemon creates it when it starts", path.display());
        findings.add("catalog", Verdict::Warning, what);
        return None;
    }
    let may_write = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    let opened = if may_write { Catalog::open(path).await } else { Catalog::open_read_only(path).await };
    let opened = opened.map(|catalog| (catalog, may_write));
    opened.map_err(|error| findings.add("catalog", Verdict::Failed, error.to_string())).ok()
}

/// The same of a catalog in a database: to look must not make the schema.
async fn open_database(findings: &mut Findings, config: &Config) -> Option<(Catalog, bool)> {
    let location =
        wiring::location(config).map_err(|error| findings.add("catalog", Verdict::Failed, error.to_string())).ok()?;
    let opened = match location.open_read_only().await {
        Ok(reader) => {
            reader.close().await;
            location.open().await
        }
        failed => failed,
    };
    match opened {
        Ok(catalog) => return Some((catalog, true)),
        Err(error @ catalog::Error::NoSchema(_)) => findings.add("catalog", Verdict::Warning, error.to_string()),
        Err(error) => findings.add("catalog", Verdict::Failed, error.to_string()),
    }
    None
}

/// Checks whether the catalog is valid, and whether the daemon works on it.
pub(super) async fn catalog(findings: &mut Findings, config: &Config, catalog: &Catalog) {
    let (verdict, what) = match catalog.verify().await {
        Ok(broken) if broken.is_empty() => (Verdict::Ok, format!("{} is valid", catalog.location())),
        Ok(broken) => {
            let what = "`recording-archiver verify` names the rows; replace the catalog with a backup";
            (Verdict::Failed, format!("{} of its checks failed: {what}", broken.len()))
        }
        Err(error) => (Verdict::Failed, error.to_string()),
    };
    findings.add("catalog", verdict, what);
    gaps(findings, catalog).await;
    daemon(findings, config, catalog).await;
}

/// Whether somebody looked all the time, and what could not be searched.
async fn gaps(findings: &mut Findings, catalog: &Catalog) {
    let summary = catalog.gap_summary(SystemClock::new().now() - gap::SHOWN).await;
    match (summary, catalog.histories_refusal().await) {
        (Ok(summary), Ok(refusal)) => match status::gaps(&summary, &Screen::of_stdout(false)) {
            None => findings.add("gaps", Verdict::Ok, "somebody looked all the time, within 30 days"),
            Some(gaps) => {
                let refused = refusal.map(|refusal| {
                    format!(
                        "; DingTalk does not list past meetings to this app ({}), so that only those of known room codes \
                         and bookings are found",
                        refusal.code
                    )
                });
                let what =
                    "`gaps list` shows them, and `watch add` takes the conferenceIds of meetings that were missed";
                findings.add("gaps", Verdict::Warning, format!("{gaps}{}; {what}", refused.unwrap_or_default()));
            }
        },
        (Err(error), _) | (_, Err(error)) => findings.add("gaps", Verdict::Failed, error.to_string()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn space(findings: &mut Findings, path: &Path) {
    let folder = folder_of(path);
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
            // A catalog grows by some kilobytes for each meeting.
            let verdict = if free_mib < 100 { Verdict::Failed } else { Verdict::Ok };
            let what = if verdict == Verdict::Ok { "" } else { "; free some space: a full disk stops the daemon" };
            findings.add("space", verdict, format!("{free_mib} MiB free in {}{what}", folder.display()));
        }
        Err(error) => {
            let what = "the folder must exist; systemd creates it when the service starts";
            findings.add("space", Verdict::Warning, format!("{}: {error}; {what}", folder.display()));
        }
    }
}

async fn daemon(findings: &mut Findings, config: &Config, catalog: &Catalog) {
    let Some((pid, note)) = Lock::holder(&config.catalog.path) else {
        let what = "not running; start it with `systemctl start recording-archiver` or `recording-archiver run`";
        return findings.add("daemon", Verdict::Warning, what);
    };
    if let Some(problem) = note.waits_for.or(note.refused) {
        return findings.add("daemon", Verdict::Failed, format!("running, pid {pid}, and it reports: {problem}"));
    }
    let (settings, share) = (wiring::settings(config), config.quota.calls_per_month);
    match health::stale(catalog, &settings, share, SystemClock::new().now()).await {
        Ok(stale) if stale.is_empty() => findings.add("daemon", Verdict::Ok, format!("running, pid {pid}")),
        Ok(stale) => {
            let stale: Vec<String> = stale.iter().map(ToString::to_string).collect();
            findings.add("daemon", Verdict::Failed, format!("running, pid {pid}, but {}", stale.join("; ")));
        }
        Err(error) => findings.add("daemon", Verdict::Failed, error.to_string()),
    }
}
