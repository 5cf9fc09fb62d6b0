//! The app's secret and the tokens appear nowhere: not in what any command prints, not in the log at its most talkative,
//! not in any file that is left behind. However hard the far side tries to have them repeated.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::harness::{CREDENTIALS, Daemon, Far, Place, Receiver, Said, Takes, eventually, now, number, says};

/// What the simulator's secret and all its tokens begin with: one that was cut in half is one all the same.
const CANARIES: [&str; 2] = ["simulated-app", "simulated000000000000"];

/// The first token that a simulator issues.
const TOKEN: &str = "simulated00000000000000000000001";

const HOUR: Duration = Duration::from_hours(1);

/// Every command that reads a configuration, as one may call it where `conf-one` is known.
const COMMANDS: [&[&str]; 23] = [
    &["check-config"],
    &["watch", "add", "conf-three", "--union-id", "WFBkgxxx"],
    &["watch", "import", "ids.csv"],
    &["once"],
    &["watch", "list"],
    &["recordings", "list", "--format", "json"],
    &["recordings", "show", "media-conf-one-0"],
    &["recordings", "export", "recordings.csv"],
    &["recordings", "link", "media-conf-one-0"],
    &["conferences", "list", "--format", "csv"],
    &["conferences", "show", "conf-one"],
    &["conferences", "show", "conf-one", "--live", "--format", "json"],
    &["record", "start", "conf-two", "--union-id", "WFBkgxxx"],
    &["record", "stop", "conf-two", "--union-id", "WFBkgxxx"],
    &["conferences", "retry", "conf-one"],
    &["once"],
    &["status"],
    &["status", "--format", "json"],
    &["backup", "copy.db"],
    &["backup", ".", "--keep", "1"],
    &["verify"],
    &["verify", "--format", "json"],
    &["watch", "remove", "conf-three"],
];

fn recorded(conference_id: &str) -> Meeting {
    Meeting::sample(conference_id, now() - 2 * HOUR, now() - HOUR).recorded(Duration::from_mins(1))
}

/// One that is over and was recorded, and one that goes on.
fn meetings() -> [Meeting; 2] {
    [recorded("conf-one"), Meeting::sample("conf-two", now() - HOUR, now() + HOUR).creator("WFBkgxxx")]
}

/// A place whose configuration knows `far`, watches [`meetings`], and rings every second.
fn place(far: &Far) -> Place {
    let watch = "[watch]\nconferences = [\"conf-one\", \"conf-two\"]\n[poll]\ninterval = \"1s\"\n";
    let place = Place::with(&far.configuration(&format!("{watch}[quota]\ncalls_per_month = 0\n")));
    place.write("ids.csv", "conference_id\nconf-four\n");
    place
}

/// The same, with people who are told, and a robot's secret that is kept elsewhere.
fn telling(far: &Far, [hook, robot]: [&Receiver; 2], elsewhere: &Place) -> Place {
    let secret = elsewhere.write("robot_secret", "simulated-app-robots-secret\n");
    let place = place(far);
    let toml = std::fs::read_to_string(place.path("config.toml")).unwrap();
    let (url, robot) = (hook.at("/simulated-app-hook"), robot.at("/send?access_token=simulated-app-token"));
    place.write(
        "config.toml",
        format!(
            "{toml}[notify]\nurl = \"{url}\"\ndingtalk_robot = \"{robot}\"\ndingtalk_robot_secret_file = \"{}\"\n\
             archived = true\n",
            secret.display()
        ),
    );
    place
}

/// Runs a command with everything logged.
fn tell_all(place: &Place, arguments: &[&str]) -> Said {
    place.run_with("RUST_LOG", "trace", arguments)
}

/// Starts the daemon with everything logged.
fn daemon(place: &Place) -> Daemon {
    let mut command = place.std_command(&["run"]);
    command.env("RUST_LOG", "trace");
    let daemon = Daemon::spawn(place, command);
    daemon.has_said("at work on");
    daemon
}

/// No canary stands in `bytes`.
#[track_caller]
fn is_clean(what: &str, bytes: &[u8]) {
    for canary in CANARIES {
        let found = bytes.windows(canary.len()).position(|window| window == canary.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())];
            panic!("{canary} stands in {what}: …{}…", String::from_utf8_lossy(around));
        }
    }
}

/// No canary stands in what a command said.
#[track_caller]
fn said_nothing(said: &Said) {
    is_clean("its output", said.out.as_bytes());
    is_clean("its log", said.err.as_bytes());
}

/// No canary stands in any file of the place but its configuration: the catalog and what lies beside it, the lock,
/// backups, logs.
#[track_caller]
fn left_nothing(place: &Place) {
    for name in place.files() {
        is_clean(&name, &std::fs::read(place.path(&name)).unwrap());
    }
}

/// Every command says whatever it says without a canary; one of `done` must go well.
#[track_caller]
fn all_commands(place: &Place, are_done: bool) {
    for command in COMMANDS {
        let said = tell_all(place, command);
        assert!(!are_done || said.code == Some(0), "{command:?}: {said:?}");
        assert!(!said.err.contains("panicked"), "{command:?}: {said:?}");
        said_nothing(&said);
        left_nothing(place);
    }
}

/// Runs the daemon until it has asked at `endpoint`, and searches its files while it runs, and after a kill.
#[track_caller]
fn a_daemon(far: &Far, place: &Place, endpoint: Endpoint) {
    let before = far.asked(endpoint);
    let daemon = daemon(place);
    let ran = "SELECT count(*) FROM job_runs WHERE stage = 'poll'";
    eventually("it asks", || (far.asked(endpoint) > before && number(&place.catalog(), ran) > 0).then_some(()));
    left_nothing(place);
    let has_wal = || place.files().contains(&"catalog.db-wal".to_owned());
    assert!(has_wal(), "{:?}", place.files());
    daemon.kill();
    assert!(has_wal(), "{:?}", place.files());
    left_nothing(place);
}

#[test]
fn the_search_finds_what_is_there() {
    let place = Place::with(CREDENTIALS);
    place.write("catalog.db-wal", format!("\0\0{TOKEN}\0"));
    for act in [
        Box::new(|| left_nothing(&place)) as Box<dyn Fn()>,
        Box::new(|| is_clean("a text", b"appSecret=simulated-app-secret")),
    ] {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).unwrap_err();
    }
    let far = Far::with(meetings());
    let said = tell_all(&self::place(&far), &["once"]);
    says(&said.err, &["TRACE", "starting new connection", "db.statement"]);
}

#[test]
fn when_all_goes_well() {
    let far = Far::with(meetings());
    let place = place(&far);
    all_commands(&place, true);
    a_daemon(&far, &self::place(&far), Endpoint::Query);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM recordings"), 1);
    assert!(far.asked(Endpoint::AccessToken) > 3 && far.asked(Endpoint::StartRecord) == 1);
}

#[test]
fn when_the_secret_is_wrong_and_the_refusal_echoes_it() {
    let far = Far::with(meetings());
    let request = r#"{\"appKey\":\"dingxxxsimulated\",\"appSecret\":\"simulated-app-secret\"}"#;
    let envelope =
        |code: &str| format!(r#"{{"code":"{code}","requestid":"simulated-app-secret","message":"bad: {request}"}}"#);
    // Beyond what is kept of a message, it must not be cut in half before it is found.
    let late = format!(r#"{{"code":"invalidClientIdOrSecret","message":"{}{request}"}}"#, "x".repeat(340));
    let bodies = [
        (400, envelope("invalidClientIdOrSecret")),
        (400, envelope("unheard.of.simulated-app-secret")),
        (500, envelope("systemError")),
        (400, late),
        (200, format!("\"{TOKEN}\"")),
        (200, format!(r#"{{"accessToken":{{"value":"{TOKEN}"}},"expireIn":7200}}"#)),
        (200, format!("<html>you sent {request}</html>")),
    ];
    for (status, body) in bodies {
        far.simulator.faults().clear();
        far.simulator.faults().push(Fault::new(Answer::Raw { status, body }).on(Endpoint::AccessToken));
        // A catalog of its own, for the pause that follows keeps every later call from being sent.
        let place = place(&far);
        let before = far.asked(Endpoint::AccessToken);
        all_commands(&place, false);
        assert!(far.asked(Endpoint::AccessToken) > before, "nobody asked for a token");
        a_daemon(&far, &self::place(&far), Endpoint::AccessToken);
    }
}

#[test]
fn when_an_error_echoes_the_token() {
    let far = Far::with(meetings());
    for code in ["permissionError", "systemError", "Forbidden.AccessDenied.AccessTokenPermissionDenied", TOKEN] {
        let message = format!("x-acs-dingtalk-access-token: {TOKEN} {}{TOKEN}", "x".repeat(350));
        let scopes = vec![TOKEN.to_owned()];
        let answer = |status| Answer::Error {
            status,
            code: code.to_owned(),
            message: message.clone(),
            required_scopes: scopes.clone(),
        };
        far.simulator.faults().clear();
        for endpoint in [
            Endpoint::GetVideos,
            Endpoint::GetPlayInfos,
            Endpoint::ConferenceInfo,
            Endpoint::Query,
            Endpoint::StartRecord,
        ] {
            far.simulator.faults().push(Fault::new(answer(400)).on(endpoint));
        }
        let place = place(&far);
        all_commands(&place, false);
        let told = "SELECT (SELECT count(*) FROM conferences WHERE last_error_message LIKE '%***%')
                    + (SELECT count(*) FROM pauses WHERE message LIKE '%***%')
                    + (SELECT count(*) FROM job_runs WHERE outcome LIKE '%***%')";
        assert!(number(&place.catalog(), told) > 0, "that something was there is told: {code}");
        a_daemon(&far, &self::place(&far), Endpoint::Query);
    }
}

#[test]
fn when_the_data_of_an_answer_holds_the_token() {
    let far = Far::with([recorded("conf-one").titled(&format!("called with {TOKEN}")), recorded("conf-two")]);
    let place = place(&far);
    let video = |token: &str| {
        format!(r#"{{"videoList":[{{"mediaId":"media-conf-one-0","playUrl":"https://example.com/?t={token}"}}]}}"#)
    };
    let answer = Answer::Raw { status: 200, body: video(TOKEN) };
    far.simulator.faults().push(Fault::new(answer).on(Endpoint::GetVideos).conference("conf-one"));
    said_nothing(&tell_all(&place, &["once"]));
    left_nothing(&place);
    let raw = "SELECT count(*) FROM recordings WHERE raw LIKE '%example.com/?t=***\"}'";
    assert_eq!(number(&place.catalog(), raw), 1);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conferences WHERE title = 'called with ***'"), 1);
    place.run(&["verify"]).done();
}

#[test]
fn when_somebody_redirects_to_another_host() {
    let elsewhere = Elsewhere::new();
    let place = Place::with(&format!(
        "[dingtalk]\nbase_url = \"{}\"\napp_key = \"dingxxxsimulated\"\napp_secret = \"simulated-app-secret\"\n\
         [watch]\nconferences = [\"conf-one\", \"conf-two\"]\n[quota]\ncalls_per_month = 0\n",
        elsewhere.here
    ));
    place.write("ids.csv", "conference_id\nconf-four\n");
    all_commands(&place, false);
    assert!(*elsewhere.redirected.lock().unwrap() > 0, "nobody was redirected");
    assert_eq!(*elsewhere.reached.lock().unwrap(), [""; 0], "nobody follows");
}

#[test]
fn when_who_is_told_refuses_and_echoes_its_address_and_its_secret() {
    let hook = Receiver::taking(std::iter::repeat_n(Takes::With(500, "/simulated-app-hook".to_owned()), 20));
    let echo = r#"{"errcode":310000,"errmsg":"simulated-app-token simulated-app-robots-secret"}"#;
    let robot = Receiver::taking(std::iter::repeat_n(Takes::With(200, echo.to_owned()), 20));
    let (far, elsewhere) = (Far::with(meetings()), Place::with(""));
    let place = telling(&far, [&hook, &robot], &elsewhere);
    let daemon = daemon(&place);
    daemon.has_said("notify.url takes no message");
    daemon.has_said("notify.dingtalk_robot takes no message: it answers");
    for (uri, message) in hook.posted().into_iter().chain(robot.posted()) {
        is_clean("a message", message.to_string().as_bytes());
        assert!(!uri.to_string().contains("robots-secret"), "{uri}");
    }
    left_nothing(&place);
    for command in [&["status"][..], &["status", "--format", "json"], &["doctor"], &["check-config"]] {
        let said = tell_all(&place, command);
        assert!(!said.out.is_empty(), "{said:?}");
        said_nothing(&said);
    }
    let toml = std::fs::read_to_string(place.path("config.toml")).unwrap();
    place.write("config.toml", toml.replace("app-hook", "app-other-hook"));
    daemon.signal("HUP");
    daemon.has_said("notify.url: (not shown), was (not shown)");
    daemon.stop();
    left_nothing(&place);
}

#[test]
fn a_configuration_that_cannot_be_read_does_not_show_it_either() {
    for wrong in [
        "app_secret = \"simulated-app-secret\nbase_url = 5\n",
        "app_secret = [\"simulated-app-secret\"]\n",
        "app_secret = { of = \"simulated-app-secret\" }\n",
        "app_secrett = \"simulated-app-secret\"\n",
        "app_secret = \"simulated-app-secret\"\napp_secret_file = \"none\"\n",
        "app_secret = \"simulated-app-secret\"\nrequest_timeout = \"soon\"\n",
        "app_secret = \"simulated-app-secret\" nonsense\n",
        "app_secret = simulated-app-secret\n",
        "[notify]\nurl = \"http://hooks.example/simulated-app-hook\"\n",
        "[notify]\nurl = [\"https://hooks.example/simulated-app-hook\"]\n",
        "[notify]\ndingtalk_robot = \"simulated-app-token\"\n",
    ] {
        let place = Place::with(&format!("[dingtalk]\napp_key = \"dingxxxsimulated\"\n{wrong}"));
        for command in [&["check-config"][..], &["run"], &["once"], &["status"]] {
            let said = tell_all(&place, command);
            assert_eq!(said.code, Some(2), "{said:?}");
            said_nothing(&said);
        }
    }
}

/// Hands out a token here, and redirects everything else to another address, which writes down what reaches it.
struct Elsewhere {
    here: String,
    redirected: Arc<Mutex<usize>>,
    reached: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Elsewhere {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (redirected, reached) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(Vec::new())));
        let here = runtime.block_on(async {
            let serve = async |router: Router| {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let address = format!("http://{}", listener.local_addr().unwrap());
                tokio::spawn(async { axum::serve(listener, router).await });
                address
            };
            let noted = Arc::clone(&reached);
            let there = serve(Router::new().fallback(async move |uri: Uri, headers: HeaderMap, body: String| {
                noted.lock().unwrap().push(format!("{uri} {headers:?} {body}"));
                "{}"
            }))
            .await;
            let counted = Arc::clone(&redirected);
            serve(Router::new().fallback(async move |uri: Uri| {
                if uri.path().ends_with("/accessToken") {
                    let token = format!(r#"{{"accessToken":"{TOKEN}","expireIn":7200}}"#);
                    return (StatusCode::OK, [(header::LOCATION, String::new())], token);
                }
                *counted.lock().unwrap() += 1;
                let status = [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
                let status = status[*counted.lock().unwrap() % status.len()];
                (status, [(header::LOCATION, format!("{there}{uri}"))], String::new())
            }))
            .await
        });
        Self { here, redirected, reached, _runtime: runtime }
    }
}
