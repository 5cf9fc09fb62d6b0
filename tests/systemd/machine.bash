# A Debian of its own with a booted systemd, for the scripts beside this: they source it in the project's folder. It is a
# container, has no network but its loopback, and wants root, debootstrap and systemd-nspawn.
#
# Every check is a sentence. The first that does not hold ends the run, with what was seen.

. .ci/printed.bash
manual=systemd/package/man
skip() {
    echo skipped >>target/printed.taken
    printf '\n%s\nSKIPPED: %s: %s\n%s\n\n' "$(printf '!%.0s' {1..80})" "$tested" "$1" "$(printf '!%.0s' {1..80})" >&2
    exit 0
}
((EUID == 0)) || skip 'this needs root'
command -v debootstrap >/dev/null || skip 'debootstrap is not installed'
command -v systemd-nspawn >/dev/null || skip 'systemd-nspawn is not installed (systemd-container)'

# This machine's release, and where it has its packages.
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $release" 'Component: main' 'Created-By: Packages' | head -n 1)

# Boots a Debian: its release, its packages, and options of systemd-nspawn. It is made once and never written to: the
# container lives in an overlay that goes with it.
boot() {
    local release=$1 packages=$2 root=$PWD/target/debian-root-$1
    shift 2
    if [[ $(cat "$root/.made" 2>/dev/null) != "$packages" ]]; then
        rm -rf "$root"
        mkdir -p target
        debootstrap --variant=minbase --include="$packages" "$release" "$root" ${mirror:+"$mirror"} >target/debootstrap.log 2>&1 \
            || skip 'debootstrap failed, see target/debootstrap.log'
        echo "$packages" >"$root/.made"
    fi
    systemd-nspawn --quiet --directory="$root" --volatile=overlay --machine="recording-archiver-$$" --register=no --keep-unit \
        --private-network "$@" --boot --console=pipe </dev/null >target/nspawn.log 2>&1 &
    nspawn=$!
    for _ in $(seq 100); do
        leader=$(pgrep --parent "$nspawn" --oldest) && up && return
        sleep 0.2
    done
    skip 'no systemd boots in systemd-nspawn here, see target/nspawn.log'
}
up() { [[ $(script 'systemctl is-system-running' 2>/dev/null) == @(running|degraded) ]]; }

# Folders that go with the container.
scratch=()
end() {
    rm -rf "${scratch[@]}"
    [[ -n ${nspawn:-} ]] || return 0
    kill "$nspawn" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || return 0; sleep 0.1; done
    kill -KILL "$nspawn" 2>/dev/null || true
}
trap end EXIT

inside() { nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wd -- "$@"; }
script() { inside bash -c "$1"; }

# Says the sentence and ends the run unless the command, run inside, is done.
holds() {
    local sentence=$1
    shift
    if ! seen=$(script "$*" 2>&1); then
        printf 'FAILED  %s\n        $ %s\n%s\n' "$sentence" "$*" "$seen" >&2
        script 'systemctl status --no-pager "recording-archiver*"; journalctl --no-pager -n 40 -u "recording-archiver*"' >&2 || true
        exit 1
    fi
    printf 'ok      %s\n' "$sentence"
}

# The same for what comes true within a minute.
comes() {
    local sentence=$1
    shift
    for _ in $(seq 120); do
        if script "$*" >/dev/null 2>&1; then
            printf 'ok      %s\n' "$sentence"
            return
        fi
        sleep 0.5
    done
    holds "$sentence" "$*"
}
