//! The operator's words, as far as the binary's door: what is wrong is said with file, key and remedy, before anything
//! is touched.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{CONFIG, CREDENTIALS, Daemon, Place, Said, as_nobody, chmod, is_root, says};

/// Commands that read the configuration, one of each kind.
const COMMANDS: [&[&str]; 6] =
    [&["check-config"], &["run"], &["once"], &["status"], &["watch", "list"], &["watch", "add", "607452e0xxx"]];

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/recording-archiver.toml");

/// Every command refuses `toml` with exit code 2, says `words`, names the file, and leaves nothing behind.
#[track_caller]
fn refused_by_all(toml: &str, words: &[&str]) {
    let place = Place::with(toml);
    for command in COMMANDS {
        let said = place.run(command).refused(2);
        says(&said, &["config.toml"]);
        says(&said, words);
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn a_file_that_is_not_there_or_cannot_be_read_is_named() {
    let place = Place::with(CREDENTIALS);
    for file in ["absent.toml", "."] {
        for command in COMMANDS {
            let said = place.run(&[&["--config", file], command].concat()).refused(2);
            says(&said, &["cannot read the configuration file", file]);
        }
        says(&place.run_with(CONFIG, file, &["status"]).refused(2), &[file]);
    }
    assert!(place.files().is_empty());
}

#[test]
fn a_syntax_error_is_named_with_its_line_and_never_shows_the_secret() {
    let toml = "[dingtalk]\napp_key = \"dingxxx\"\napp_secret = \"hunter2\n";
    refused_by_all(toml, &["line 3", "not TOML"]);
    assert!(!Place::with(toml).run(&["check-config"]).err.contains("hunter2"));
}

#[test]
fn a_wrong_type_is_named_with_its_key_and_what_to_write() {
    refused_by_all("[poll]\nbatch_size = \"many\"\n", &["poll.batch_size", "\"many\"", "a whole number"]);
    refused_by_all("[poll]\ninterval = 30\n", &["poll.interval", "30", "a duration", "30s"]);
    refused_by_all("[discover]\norganization = \"yes\"\n", &["discover.organization", "true or false"]);
    refused_by_all("poll = 5\n", &["poll", "write [poll]"]);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_right_one() {
    refused_by_all("[poll]\nintervall = \"5m\"\n", &["poll.intervall", "did you mean poll.interval?"]);
    refused_by_all("[pol]\n", &["pol", "did you mean poll?"]);
}

#[test]
fn an_interval_and_a_cron_pattern_do_not_go_together() {
    for section in ["poll", "discover"] {
        let toml = format!("[{section}]\ninterval = \"5m\"\ncron = \"0 * * * * *\"\n");
        let keys = [format!("{section}.interval"), format!("{section}.cron")];
        refused_by_all(&toml, &[&keys[0], &keys[1], "only one of the two can be set; remove the other"]);
    }
}

#[test]
fn a_bad_cron_pattern_is_refused_before_the_daemon_starts() {
    refused_by_all("[poll]\ncron = \"*/5 * * * *\"\n", &["poll.cron"]);
    refused_by_all("[poll]\ncron = \"often\"\n", &["poll.cron"]);
}

#[test]
fn the_secret_is_sent_over_tls_or_stays_on_this_machine() {
    refused_by_all("[dingtalk]\nbase_url = \"http://api.dingtalk.io\"\n", &["dingtalk.base_url", "https"]);
}

#[test]
fn the_file_is_the_one_named_on_the_command_line_else_the_one_in_the_environment() {
    let place = Place::with(&format!("{CREDENTIALS}[quota]\ncalls_per_month = 1111\n"));
    let other = place.write("other.toml", format!("{CREDENTIALS}[quota]\ncalls_per_month = 2222\n"));
    says(&place.run(&["check-config"]).done(), &["config.toml: the configuration is good", "1111"]);
    says(&place.run(&["check-config", "--config", "other.toml"]).done(), &["other.toml", "2222"]);
    says(&place.run_with(CONFIG, other, &["check-config"]).done(), &["other.toml", "2222"]);
}

#[test]
fn the_environment_overrides_the_file_and_is_named_when_it_is_wrong() {
    let place = Place::with(&format!("{CREDENTIALS}[poll]\ninterval = \"10m\"\n"));
    let variable = "RECORDING_ARCHIVER__POLL__INTERVAL";
    says(&place.run_with(variable, "30s", &["check-config"]).done(), &["poll every 30s", "2880"]);
    let said = place.run_with(variable, "soon", &["check-config"]).refused(2);
    says(&said, &[variable, "poll.interval", "soon"]);
    let said = place.run_with("RECORDING_ARCHIVER__POLL__INTERVALL", "30s", &["check-config"]).refused(2);
    says(&said, &["RECORDING_ARCHIVER__POLL__INTERVALL", "did you mean poll.interval?"]);
}

#[test]
fn what_calls_dingtalk_says_which_credentials_are_missing_and_makes_no_file() {
    let needy: [&[&str]; 4] =
        [&["run"], &["once"], &["check-config"], &["record", "start", "607452e0xxx", "--union-id", "WFBkgxxx"]];
    let place = Place::with("");
    for command in needy {
        let said = place.run(command).refused(2);
        says(&said, &["dingtalk.app_key", "RECORDING_ARCHIVER__DINGTALK__APP_KEY", "; dingtalk.app_secret"]);
        let said = place.run_with("RECORDING_ARCHIVER__DINGTALK__APP_KEY", "dingxxx", command).refused(2);
        says(&said, &["dingtalk.app_secret", "app_secret_file", "LoadCredential=app_secret:FILE"]);
        let file = place.path("app_secret");
        says(&said, &[&format!("{}, which the systemd unit passes on", file.display()), "is missing"]);
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn the_secret_can_come_from_a_file_or_from_systemd_but_not_from_two_keys() {
    let place = Place::with("[dingtalk]\napp_key = \"dingxxx\"\n");
    place.write("app_secret", "simulated-app-secret\n");
    place.run_with("CREDENTIALS_DIRECTORY", place.path(""), &["check-config"]).done();
    place.run_with("RECORDING_ARCHIVER__DINGTALK__APP_SECRET_FILE", "app_secret", &["check-config"]).done();
    let said = place.run_with("RECORDING_ARCHIVER__DINGTALK__APP_SECRET_FILE", "absent", &["check-config"]).refused(2);
    says(&said, &["dingtalk.app_secret_file", "cannot read absent"]);

    let place = Place::with(&format!("{CREDENTIALS}app_secret_file = \"app_secret\"\n"));
    says(&place.run(&["check-config"]).refused(2), &["dingtalk.app_secret and dingtalk.app_secret_file", "remove"]);
}

#[test]
fn a_secret_that_systemd_passes_is_told_from_one_that_is_missing() {
    let place = Place::with("[dingtalk]\napp_key = \"dingxxx\"\n");
    let acme = place.write("acme.toml", "[dingtalk]\napp_key = \"dingxxx\"\n");
    let of_acme = ["check-config", "--config", acme.to_str().unwrap()];
    for (command, file) in [(&["check-config"][..], "app_secret"), (&of_acme, "acme.app_secret")] {
        let file = place.path(file);
        says(&place.run(command).refused(2), &[&format!("install -m 0600 /dev/stdin {}`", file.display())]);

        std::fs::write(&file, "simulated-app-secret\n").unwrap();
        chmod(&file, 0o600);
        let said = place.run(command);
        let note = format!("note: the app's secret is in {}, which systemd passes to the daemon\n", file.display());
        assert_eq!((said.code, said.err), (Some(0), note));
        says(&said.out, &["the configuration is good"]);

        if is_root() {
            chmod(&place.path(""), 0o755);
            let said = Said::of(&mut assert_cmd::Command::from_std(as_nobody(&place, command)));
            assert_eq!(said.code, Some(0), "{said:?}");
            says(&said.err, &[file.to_str().unwrap(), "is not readable from here, and that is as intended"]);
            says(&said.out, &["the configuration is good"]);
        }
        std::fs::write(&file, "\n").unwrap();
        says(&place.run(command).refused(2), &[&format!("{} is empty", file.display())]);
    }
    // A daemon that systemd did not start is passed nothing.
    says(&place.run(&["run"]).refused(2), &["only the systemd unit passes it on", "app_secret_file"]);
}

#[test]
fn a_first_start_without_a_secret_names_the_file_that_is_missing() {
    let place = Place::with("[dingtalk]\napp_key = \"dingxxx\"\n");
    std::fs::create_dir(place.path("credentials")).unwrap();
    // What the unit passes where there is no file.
    place.write("credentials/app_secret", "\n");
    let start = || place.run_with("CREDENTIALS_DIRECTORY", place.path("credentials"), &["run"]).refused(2);
    let file = place.path("app_secret");
    says(&start(), &["dingtalk.app_secret", &format!("{} is missing", file.display()), "install -m 0600 /dev/stdin"]);
    std::fs::write(&file, "").unwrap();
    says(&start(), &[&format!("{} is empty", file.display())]);
    assert_eq!(place.files(), ["app_secret", "credentials"]);
}

#[test]
fn what_a_sample_shows_is_no_credential() {
    let place = Place::with("[dingtalk]\napp_key = \"dingxxxxxxxxxxxxxxxx\"\napp_secret = \"hunter2\"\n");
    for command in [["check-config"], ["run"], ["once"]] {
        says(
            &place.run(&command).refused(2),
            &["config.toml", "dingtalk.app_key: \"dingxxxxxxxxxxxxxxxx\" is an example"],
        );
    }
    let place = Place::with("[dingtalk]\napp_key = \"dingkey\"\napp_secret_file = \"secret\"\n");
    place.write("secret", "paste-your-secret-here\n");
    for command in [["check-config"], ["run"], ["once"]] {
        says(&place.run(&command).refused(2), &["dingtalk.app_secret_file: what stands in secret is an example"]);
    }
    assert_eq!(place.files(), ["secret"]);
}

#[test]
fn check_config_says_what_the_intervals_cost_and_whether_the_share_bears_it() {
    // A look every 15 minutes is 96 a day, 2976 in a month of 31 days; one every 5 minutes 288 and 8928.
    let place = Place::with(&format!("{CREDENTIALS}[discover]\norganization = true\n"));
    let said = place.run(&["check-config"]).done();
    says(&said, &["96", "2976", "288", "8928", "384", "11904"]);
    says(&said, &["quota.calls_per_month is 5000", "would take more, so they are stretched"]);

    let hourly =
        "[discover]\nusers = [\"WFBkgxxx\", \"WFBkhxxx\"]\ninterval = \"1h\"\n[poll]\ncron = \"0 0 * * * *\"\n";
    let place = Place::with(&format!("{CREDENTIALS}{hourly}"));
    let said = place.run(&["check-config"]).done();
    // 24 looks at each of two lists, and 24 at the conferences: 72 a day, 2232 a month.
    says(
        &said,
        &["(lists of a page each: 2)", "1488", "744", "72", "2232", "at least 2768 of them are left for collecting"],
    );

    let said = place.run_with("RECORDING_ARCHIVER__QUOTA__CALLS_PER_MONTH", "0", &["check-config"]).done();
    says(&said, &["quota.calls_per_month is 0: nothing is held back"]);
}

#[test]
fn the_shipped_sample_needs_credentials_and_nothing_else() {
    let place = Place::with("");
    let mut command = place.command(&["check-config", "--config", SAMPLE]);
    command.env("RECORDING_ARCHIVER__DINGTALK__APP_KEY", "dingxxx");
    command.env("RECORDING_ARCHIVER__DINGTALK__APP_SECRET", "simulated-app-secret");
    says(&Said::of(&mut command).done(), &["the configuration is good"]);
}

#[test]
fn a_secret_that_everybody_may_read_is_warned_about_by_what_uses_it_and_by_nothing_else() {
    let rights = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Nobody listens there: what runs says its warning and fails.
    let nobody = "base_url = \"http://127.0.0.1:9\"\n[discover]\norganization = true\n";
    let place = Place::with(&format!("{CREDENTIALS}{nobody}"));
    let separate =
        Place::with(&format!("[dingtalk]\napp_key = \"dingxxx\"\napp_secret_file = \"app_secret\"\n{nobody}"));
    let secret = separate.write("app_secret", "simulated-app-secret\n");
    let inline = place.path("config.toml");
    for (place, path) in [(&place, &inline), (&separate, &secret)] {
        let warning = format!("{} holds the app's secret, and everybody", path.file_name().unwrap().display());
        for (mode, warned) in [(0o644, true), (0o640, false), (0o600, false)] {
            rights(path, mode);
            let checked = place.run(&["check-config"]);
            assert_eq!((checked.code, checked.err.contains(&warning)), (Some(0), warned), "{mode:o}: {checked:?}");
            assert!(
                !warned || checked.err.starts_with("warning: ") && checked.err.contains("chmod o-r"),
                "{checked:?}"
            );
            let once = place.run(&["once"]);
            assert_eq!(once.err.matches(&warning).count(), usize::from(warned), "{mode:o}: {once:?}");
            assert!(!warned || once.err.contains(" WARN "), "{once:?}");
            for silent in [&["status"][..], &["recordings", "list"], &["watch", "list"], &["verify"]] {
                assert_eq!(place.run(silent).err, "", "{silent:?}");
            }
        }
    }
    rights(&inline, 0o644);
    let daemon = Daemon::start(&place);
    assert_eq!(daemon.said().matches("holds the app's secret").count(), 1, "{}", daemon.said());
    daemon.stop();
}
