//! A configuration file: it is good and means something, or it is refused with words that do not repeat the secret.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use recording_archiver::cli::wiring;
use recording_archiver::config::Config;

/// Stands behind what the fuzzer wrote, or in the environment.
const SECRET: &str = "canary-of-the-app-secret";

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("recording-archiver-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join("config.toml")
});

fuzz_target!(|input: (bool, &str)| {
    let (in_file, toml) = input;
    if toml.contains(SECRET) {
        return;
    }
    let secret = if in_file { format!("\n[dingtalk]\napp_secret = \"{SECRET}\"\n") } else { String::new() };
    std::fs::write(&*FILE, format!("{toml}{secret}")).unwrap();
    let variable = ("RECORDING_ARCHIVER__DINGTALK__APP_SECRET".to_owned(), SECRET.to_owned());
    match Config::load(Some(&FILE), (!in_file).then_some(variable)) {
        Ok(loaded) => {
            loaded.config.validate().unwrap();
            let _ = wiring::settings(&loaded.config);
            let _ = loaded.config.dingtalk.credentials();
            assert!(!format!("{:?}", loaded.config).contains(SECRET));
        }
        Err(error) => {
            let error = error.to_string();
            assert!(!error.contains(SECRET), "{error}");
        }
    }
});
