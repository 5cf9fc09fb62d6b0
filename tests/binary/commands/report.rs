//! `report`: one page that needs nothing else, whatever the catalog says.

use std::fs;

use super::archived;
use crate::harness::{CREDENTIALS, Place, execute, says, text};

/// A title and an error that would show themselves in a page that took them for anything but text.
const FOREIGN: &str = "<img src=x onerror=\"document.title='ran'\"></title><script>alert(1)</script> 会议";

/// The page that a report with these options writes.
#[track_caller]
fn page(place: &Place, options: &[&str]) -> String {
    let said = place.run(&[&["report", "page.html", "--utc"], options].concat()).done();
    let page = text(&place.path("page.html"));
    assert_eq!(said, format!("page.html: {} bytes\n", page.len()));
    page
}

#[test]
fn a_page_shows_the_recordings_of_its_days_and_needs_nothing_else() {
    let place = archived();
    let page = page(&place, &["--since", "2024-06-01", "--until", "2024-07-31"]);
    says(&page, &["<h1>1 June – 31 July 2024</h1>", "Sat 1 Jun 2024: 2 recordings, 2.0 h"]);
    says(&page, &["standard 2", "composed 1", "cn-shenzhen", "ap-singapore", "No metered call was made in July 2024"]);
    says(
        &page,
        &["<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"],
    );
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg class=").count(), page.matches("role=\"img\" aria-labelledby=").count());
    assert_eq!(place.files(), ["catalog.db", "page.html"]);
}

#[test]
fn only_the_recordings_of_the_days_that_are_asked_for_are_counted() {
    let place = archived();
    let counted = |options: &[&str]| {
        let page = page(&place, options);
        let figure = page.split_once("<span>Recordings</span><b>").unwrap().1;
        figure.split_once("</b>").unwrap().0.to_owned()
    };
    assert_eq!(counted(&["--since", "2024-06-01"]), "3");
    assert_eq!(counted(&["--since", "2024-06-02"]), "1");
    assert_eq!(counted(&["--since", "2024-06-01", "--until", "2024-06-01"]), "2");
    assert_eq!(counted(&["--since", "2024-06-01T09:00:00Z", "--until", "2024-07-01T09:00:00Z"]), "2");
    assert_eq!(counted(&[]), "0", "the last ninety days are shown");
}

#[test]
fn an_empty_catalog_gives_sentences_and_no_empty_frame() {
    let place = Place::with(CREDENTIALS);
    place.run(&["watch", "import", place.write("none.csv", "").to_str().unwrap()]);
    execute(&place.catalog(), "DELETE FROM job_runs");
    let page = page(&place, &[]);
    says(&page, &["No recording in the catalog began in this time.", "No metered call was made in"]);
    says(&page, &["Nothing is open", "Nothing: no conference failed.", "No stage has run yet"]);
    assert!(!page.contains("<svg") && !page.contains("<tbody>\n</tbody>"), "{page}");
}

#[test]
fn what_is_open_failed_and_paused_is_named() {
    let place = archived();
    execute(
        &place.catalog(),
        "UPDATE conferences SET state = 'failed', last_error_code = 'permissionError', last_error_message = 'not this unionId'
         WHERE conference_id = 'conf-june';
         INSERT INTO pauses VALUES ('getVideos', 4000000000000, 1, 1, 'systemError', 'their error');
         UPDATE job_runs SET outcome = 'their error', failures = 9, last_ok_at = 1 WHERE stage = 'poll'",
    );
    let page = page(&place, &[]);
    says(&page, &["<p class=\"verdict bad\">Not well: poll did not succeed in time</p>"]);
    says(
        &page,
        &["<dt>Unhealthy</dt><dd class=\"bad\">poll has not succeeded since", "<dt>Paused</dt>", "their error"],
    );
    says(&page, &["<b>1</b><small>failed conferences</small>", "Planning 会议", "conf-june", "permissionError"]);
    says(&page, &["active: in progress, as far as is known", "not this unionId"]);
}

#[test]
fn events_have_a_section_where_they_are_wanted() {
    let place = archived();
    execute(
        &place.catalog(),
        "INSERT INTO event_stream (id, closed_at, last_error) VALUES (1, 1717232400000, 'no <b>answer</b>');
         INSERT INTO pushes VALUES ('2024-06-30', 'other', 'ignored', 9), ('2024-07-01', 'meeting_status_change', 'taken', 40),
             ('2024-07-02', 'meeting_status_change', 'repeated', 2), ('2024-07-02', 'other', 'ignored', 5);
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20)
         INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, closed_at)
         SELECT 'met-' || n, 'unrecorded', 'organization', n, n FROM n;
         INSERT INTO sightings (conference_id, shown_at, announced_at)
         SELECT conference_id, closed_at, CASE WHEN closed_at > 5 THEN closed_at END FROM conferences
         WHERE conference_id LIKE 'met-%'",
    );
    let options = ["report", "page.html", "--utc", "--since", "2024-06-01", "--until", "2024-07-31"];
    place.run_with("RECORDING_ARCHIVER__EVENTS__STREAM", "true", &options).done();
    let page = text(&place.path("page.html"));
    says(
        &page,
        &["<li class=\"bad\"><a href=\"#events\"><span>Told by events</span><b>75 %</b>", "of the last 20 meetings"],
    );
    says(&page, &["none since <time datetime=\"2024-06-01T09:00:00Z\">", "no &lt;b&gt;answer&lt;/b&gt;"]);
    says(&page, &["events told of 15 of the last 20", "at the normal pace", "<p>47 pushes in July 2024 (UTC+8).</p>"]);
    says(&page, &["Tue 2 Jul: 47 pushes so far this month", "<code>meeting_status_change</code>"]);
    place.run(&options).done();
    assert!(!text(&place.path("page.html")).contains("#events"), "no events are wanted");
}

#[test]
fn foreign_text_is_text_wherever_it_stands() {
    let place = archived();
    let foreign = FOREIGN.replace('\'', "''");
    let everywhere = format!(
        "UPDATE conferences SET title = '{foreign}', creator_nick = '{foreign}', last_error_code = '{foreign}',
             last_error_message = '{foreign}', last_error_at = 1;
         UPDATE conferences SET state = 'failed' WHERE closed_at IS NOT NULL;
         UPDATE recordings SET region_id = '{foreign}', record_type = 7;
         UPDATE job_runs SET outcome = '{foreign}', failures = 9, last_ok_at = 1;
         UPDATE api_calls SET outcome = '{foreign}';
         INSERT INTO pauses VALUES ('*', 4000000000000, 1, 1, '{foreign}', '{foreign}')"
    );
    execute(&place.catalog(), &everywhere);
    let page = page(&place, &["--since", "2024-06-01"]);
    says(&page, &["&lt;img src=x onerror=&quot;document.title=&#39;ran&#39;&quot;&gt;", "会议"]);
    for raw in ["<img", "<script", "</title><script", "'ran'"] {
        assert!(!page.contains(raw), "{raw} in {page}");
    }
}

#[test]
fn numbers_that_are_too_large_and_texts_without_end_make_no_page_of_megabytes() {
    let place = archived();
    execute(
        &place.catalog(),
        "UPDATE recordings SET record_type = 0, duration_ms = 9223372036854775807, file_size = 9223372036854775807;
         UPDATE conferences SET state = 'failed', closed_at = 1, title = replace(hex(zeroblob(3000000)), '00', 'é'),
             last_error_code = title, last_error_message = title;
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
         INSERT INTO recordings (conference_id, media_id, region_id, started_at, raw, first_seen_at, last_changed_at)
         SELECT 'conf-june', 'many-' || n, 'region-' || n, 1717232400000 + n * 3600000, '{}', 1717232400000, 1 FROM n",
    );
    for since in ["2024-06-01", "1990-01-01", "1000d", "3d"] {
        let page = page(&place, &["--since", since]);
        assert!(page.len() < 200_000, "{} bytes since {since}", page.len());
        assert!(!page.contains("NaN") && !page.contains("inf%"), "{since}");
    }
}

#[test]
fn days_are_those_of_the_zone_that_the_page_names() {
    let place = archived();
    let options = ["report", "page.html", "--since", "2024-06-01", "--until", "2024-06-01"];
    place.run_with("TZ", "Pacific/Kiritimati", &options).done();
    let page = text(&place.path("page.html"));
    says(&page, &["1 June 2024", " +14:00. recording-archiver", "Sat 1 Jun 2024: 2 recordings"]);
    let late = ["report", "page.html", "--since", "2024-06-01T00:00:00Z", "--until", "2024-06-01T12:00:00Z"];
    place.run_with("TZ", "Pacific/Kiritimati", &late).done();
    says(&text(&place.path("page.html")), &["Sat 1 Jun 2024: 2 recordings", "Sun 2 Jun 2024: 0 recordings"]);
}

#[test]
fn a_page_takes_the_place_of_the_one_before_and_is_as_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = archived();
    place.write("page.html", "yesterday's");
    says(&page(&place, &[]), &["<!DOCTYPE html>"]);
    let mode = |name: &str| place.path(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("page.html"), {
        place.write("new", "");
        mode("new")
    });
}

#[test]
fn what_is_no_page_is_never_replaced_and_what_cannot_be_written_leaves_nothing() {
    let place = archived();
    let before = fs::read(place.catalog()).unwrap();
    for name in ["catalog.db", "config.toml", "page", "html"] {
        says(&place.run(&["report", name]).refused(2), &[name, "let it end in .html"]);
    }
    place.write("file", "");
    fs::create_dir(place.path("folder.html")).unwrap();
    for name in ["absent/page.html", "file/page.html", "folder.html"] {
        says(&place.run(&["report", name]).refused(1), &[name, "its folder must exist, be writable and have room"]);
    }
    says(&place.run(&["report"]).refused(2), &["FILE"]);
    for options in [["--since", "tomorrow"], ["--until", "2024-13-01"], ["--since", "2124-01-01"]] {
        says(&place.run(&[&["report", "page.html"], options.as_slice()].concat()).refused(2), &[options[0]]);
    }
    assert_eq!(place.files(), ["catalog.db", "file", "folder.html"]);
    assert!(fs::read(place.catalog()).unwrap() == before);
    says(&Place::with("").run(&["report", "page.html"]).refused(1), &["there is no catalog at catalog.db"]);
}
