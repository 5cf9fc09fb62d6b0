//! A file for `watch import`: whatever is taken from it can be asked about.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use recording_archiver::cli::import;
use recording_archiver::domain::conference::check_conference_id;

fuzz_target!(|content: &[u8]| match import::read(content, Path::new("meetings.csv")) {
    Ok(registrations) => {
        for registration in registrations {
            check_conference_id(&registration.conference_id).unwrap();
            assert!(registration.union_id.is_none_or(|union_id| !union_id.is_empty()));
        }
    }
    Err(error) => {
        let error = format!("{error:#}");
        assert!(error.contains("meetings.csv") && error.lines().count() < 30, "{error}");
    }
});
