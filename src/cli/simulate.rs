//! `simulate`: serves a simulated DingTalk to try things on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::output;
use crate::daemon::lifecycle::stop_on_signals;
use crate::domain::clock::SystemClock;
use crate::simulator::{Behaviour, Organisation, Simulator, StreamBehaviour};

#[derive(Args, Debug)]
pub(super) struct Simulate {
    /// Where to listen; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8088", value_parser = loopback)]
    listen: SocketAddr,
    /// Meetings in fifty working hours; there is no end to them
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    meetings: u32,
    /// The same seed gives the same organisation, also after a restart
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times faster than real life everything goes
    #[arg(long, value_name = "X", default_value_t = 60.0, value_parser = speed)]
    speed: f64,
}

pub(super) async fn run(simulate: &Simulate) -> anyhow::Result<()> {
    let stop = stop_on_signals()?;
    let organisation = Organisation::endless(simulate.seed, usize::try_from(simulate.meetings)?, simulate.speed);
    let behaviour = Behaviour { stream: stream(simulate.speed), ..Behaviour::default() };
    let simulator = Simulator::start(simulate.listen, organisation, behaviour, Arc::new(SystemClock::new()))
        .await
        .with_context(|| format!("cannot listen on {}; name another address with --listen", simulate.listen))?;
    simulator.deliver_as_time_passes();
    output::print(&configuration(&simulator, simulate.speed))?;
    output::say(&format!("a simulated DingTalk listens on {}; stop it with Ctrl-C", simulator.base_url()));
    stop.cancelled().await;
    simulator.shutdown().await;
    Ok(())
}

/// Events without end, as calls are here; and connections that are told to leave a few times a day.
fn stream(speed: f64) -> StreamBehaviour {
    let life = Duration::from_hours(6).div_f64(speed).max(Duration::from_secs(20));
    StreamBehaviour { pushes_per_month: None, connection_life: Some(life), ..StreamBehaviour::default() }
}

/// A configuration that works against it: the defaults, `speed` times faster.
fn configuration(simulator: &Simulator, speed: f64) -> String {
    let faster = |minutes: u64| {
        let millis = Duration::from_mins(minutes).div_f64(speed).as_millis().max(100);
        humantime::format_duration(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
            .to_string()
            .replace(' ', "")
    };
    let [discover, poll] = [15, 5].map(faster);
    let collect = [
        ("interval", 1),
        ("first_delay", 2),
        ("retry_min", 5),
        ("retry_max", 6 * 60),
        ("settle", 30),
        ("give_up_after", 72 * 60),
    ]
    .map(|(key, minutes)| format!("{key} = \"{}\"\n", faster(minutes)))
    .concat();
    format!(
        "# A simulated DingTalk, {speed} times faster than real life.
[dingtalk]
base_url = \"{base_url}\"
app_key = \"{app_key}\"
app_secret = \"{app_secret}\"

[discover]
organization = true
interval = \"{discover}\"

[poll]
interval = \"{poll}\"

[collect]
{collect}
[quota]
# A month passes in hours here, so the calls of a real month would not last.
calls_per_month = 0
",
        base_url = simulator.base_url(),
        app_key = simulator.app_key(),
        app_secret = simulator.app_secret(),
    )
}

fn loopback(text: &str) -> Result<SocketAddr, &'static str> {
    let address: SocketAddr = text.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:8088")?;
    address.ip().is_loopback().then_some(address).ok_or("a simulated DingTalk listens on loopback only")
}

fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok().filter(|speed| (0.001..=100_000.0).contains(speed));
    speed.ok_or("write a number from 0.001 to 100000")
}
