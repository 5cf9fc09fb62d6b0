# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_recording_archiver_global_optspecs
    string join \n config= h/help V/version
end

function __fish_recording_archiver_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_recording_archiver_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_recording_archiver_using_subcommand
    set -l cmd (__fish_recording_archiver_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -s V -l version -d 'Print version'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "run" -d 'The daemon: works until SIGTERM or SIGINT'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "once" -d 'One pass of every stage, then exit'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "reload" -d 'Have the daemon read its configuration anew, and wait for its verdict; fails if the daemon refuses it'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "watch" -d 'Put conferences on watch that are not found otherwise'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "recordings" -d 'List and show recordings'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "conferences" -d 'List, show, explain and retry conferences'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "gaps" -d 'List times in which nobody looked'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "backfill" -d 'Search a time for meetings that ended unseen; costs metered calls'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "record" -d 'Start or stop a cloud recording; only a meeting\'s host may'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "status" -d 'Show what the daemon does, which conferences are open, and how many calls were used'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "report" -d 'Write a page for a browser: recordings by day, how soon they came, calls, what is open, what needs a person'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "backup" -d 'Make a verified copy of the catalog; the daemon may run'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "catalog" -d 'Move the whole catalog from one database into the other'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "verify" -d 'Check whether the catalog, or a copy of it, is valid'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "check-config" -d 'Check the configuration, and show how many calls it needs'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "doctor" -d 'Find what keeps the daemon from working, and what to do about it; at most five metered calls'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "explain-code" -d 'Explain an error code: what it means, what the daemon does by itself, and what a person can do'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "simulate" -d 'A simulated DingTalk to try things on'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "demo" -d 'A simulated working week, archived for real'
complete -c recording-archiver -n "__fish_recording_archiver_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand run" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand run" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand once" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand once" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand reload" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand reload" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -f -a "add" -d 'Put conferences on watch'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -f -a "import" -d 'Put the conferences of a file on watch: a line each, `ID` or `ID,UNION_ID`; `-` is standard input'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -f -a "list" -d 'Show the conferences that were put on watch and are still open'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -f -a "remove" -d 'Take conferences off the watch that are open or failed; what was recorded stays'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and not __fish_seen_subcommand_from add import list remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from add" -l union-id -d 'Whom to ask for their recordings as' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from add" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from import" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from list" -l format -d 'How the list is printed' -r -f -a "table\t'For people'
json\t'One array, with the catalog\'s column names and raw values'
csv\t'The same as comma-separated values; what a spreadsheet would run begins with an apostrophe'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from list" -l limit -d 'So many rows at the most [default: 100 of a table, everything as json and csv]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from list" -l utc -d 'Show times, and read days, in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from remove" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from help" -f -a "add" -d 'Put conferences on watch'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from help" -f -a "import" -d 'Put the conferences of a file on watch: a line each, `ID` or `ID,UNION_ID`; `-` is standard input'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show the conferences that were put on watch and are still open'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take conferences off the watch that are open or failed; what was recorded stays'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand watch; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -f -a "list" -d 'List recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -f -a "show" -d 'Show one recording, and its earlier versions'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -f -a "export" -d 'Write recordings to a file for people: in words, with local times, as Excel opens it'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -f -a "link" -d 'Ask DingTalk where a recording can be watched; costs one metered call, and nothing of it is kept'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and not __fish_seen_subcommand_from list show export link help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l since -d 'Begun on or after this day, or at or after this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l until -d 'Begun on or before this day, or before this instant' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l conference -d 'Of this conference' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l region -d 'Stored in this region' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l search -d 'With this text in the title, the creator\'s name or an id' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l format -d 'How the list is printed' -r -f -a "table\t'For people'
json\t'One array, with the catalog\'s column names and raw values'
csv\t'The same as comma-separated values; what a spreadsheet would run begins with an apostrophe'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l limit -d 'So many rows at the most [default: 100 of a table, everything as json and csv]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -l utc -d 'Show times, and read days, in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from show" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from show" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from show" -l utc -d 'Show times in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from export" -l since -d 'Begun on or after this day, or at or after this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from export" -l until -d 'Begun on or before this day, or before this instant' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from export" -l format -d 'How it is written' -r -f -a "csv\t'Comma-separated values that Excel opens; a text that it would run or take for a number begins with an apostrophe'
json\t'One array'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from export" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from export" -l utc -d 'Write times, and read days, in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from link" -l conference -d 'Of this conference, where the mediaId stands in several' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from link" -l union-id -d 'Whom to ask as, by unionId [default: the first that is known of: who was last accepted, the hint, the recording\'s owner, the creator, the configured fallback]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from link" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from link" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from link" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from help" -f -a "list" -d 'List recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one recording, and its earlier versions'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write recordings to a file for people: in words, with local times, as Excel opens it'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from help" -f -a "link" -d 'Ask DingTalk where a recording can be watched; costs one metered call, and nothing of it is kept'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand recordings; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -f -a "list" -d 'List conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -f -a "show" -d 'Show one conference and its recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -f -a "explain" -d 'Explain one conference: what happened, why, and what comes next'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -f -a "retry" -d 'Ask again for the recordings of closed conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and not __fish_seen_subcommand_from list show explain retry help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from list" -l state -d 'Only those in this state' -r -f -a "waiting\t''
active\t''
ended\t''
archived\t''
unrecorded\t''
failed\t''"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from list" -l format -d 'How the list is printed' -r -f -a "table\t'For people'
json\t'One array, with the catalog\'s column names and raw values'
csv\t'The same as comma-separated values; what a spreadsheet would run begins with an apostrophe'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from list" -l limit -d 'So many rows at the most [default: 100 of a table, everything as json and csv]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from list" -l utc -d 'Show times, and read days, in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from show" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from show" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from show" -l live -d 'Ask DingTalk instead of the catalog; costs one metered call'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from show" -l utc -d 'Show times in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from explain" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from explain" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from explain" -l utc -d 'Show times in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from retry" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from help" -f -a "list" -d 'List conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one conference and its recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Explain one conference: what happened, why, and what comes next'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from help" -f -a "retry" -d 'Ask again for the recordings of closed conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand conferences; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and not __fish_seen_subcommand_from list help" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'List the times in which nobody looked and no event could arrive, those that ended last first'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from list" -l since -d 'Ended on or after this day, or at or after this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from list" -l format -d 'How the list is printed' -r -f -a "table\t'For people'
json\t'One array, with the catalog\'s column names and raw values'
csv\t'The same as comma-separated values; what a spreadsheet would run begins with an apostrophe'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from list" -l limit -d 'So many rows at the most [default: 100 of a table, everything as json and csv]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from list" -l utc -d 'Show times, and read days, in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the times in which nobody looked and no event could arrive, those that ended last first'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand gaps; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backfill" -l since -d 'From this day or instant on: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backfill" -l until -d 'Up to the end of this day, or this instant [default: now]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backfill" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backfill" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and not __fish_seen_subcommand_from start stop help" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and not __fish_seen_subcommand_from start stop help" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and not __fish_seen_subcommand_from start stop help" -f -a "start" -d 'Start a recording'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and not __fish_seen_subcommand_from start stop help" -f -a "stop" -d 'Stop a recording; the meeting goes on'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and not __fish_seen_subcommand_from start stop help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from start" -l union-id -d 'The host\'s unionId' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from start" -l mode -d 'The layout' -r -f -a "grid\t''
speech\t''
full_screen\t''"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from start" -l window -d 'Where the small window is shown' -r -f -a "relative_right\t''
float_right\t''
float_bottom\t''"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from start" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from stop" -l union-id -d 'The host\'s unionId' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from stop" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start a recording'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop a recording; the meeting goes on'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand record; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand status" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand status" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand status" -l utc -d 'Show times in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand report" -l since -d 'From this day on, or from this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday, or 7d for seven days ago [default: the last 90 days]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand report" -l until -d 'Until the end of this day, or until this instant [default: now]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand report" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand report" -l utc -d 'Show times, and take days, in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand report" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backup" -l keep -d 'Keep the newest N copies that were made like this in the folder, and remove older ones when the new one is verified' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backup" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand backup" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and not __fish_seen_subcommand_from copy help" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and not __fish_seen_subcommand_from copy help" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and not __fish_seen_subcommand_from copy help" -f -a "copy" -d 'Copy the configured catalog into PostgreSQL, or back into a new file; no daemon may work on either'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and not __fish_seen_subcommand_from copy help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from copy" -l to -d 'Where to: a database such as postgres://user@host:5432/database, or the name of a new SQLite file' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from copy" -l schema -d 'The schema in that database; it is made if it does not exist [default: recording_archiver]' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from copy" -l password-file -d 'A file with the password of that user, and nothing else' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from copy" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from help" -f -a "copy" -d 'Copy the configured catalog into PostgreSQL, or back into a new file; no daemon may work on either'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand catalog; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand verify" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand verify" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand check-config" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand check-config" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand doctor" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand doctor" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand explain-code" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand explain-code" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand simulate" -l listen -d 'Where to listen; loopback only' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand simulate" -l meetings -d 'Meetings in fifty working hours; there is no end to them' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand simulate" -l seed -d 'The same seed gives the same organisation, also after a restart' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand simulate" -l speed -d 'How many times faster than real life everything goes' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand simulate" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand simulate" -s h -l help -d 'Print help'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l catalog -d 'The catalog to write; must not exist yet [default: demo.db, which each demo writes anew]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l days -d 'Working days to simulate' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l meetings -d 'Meetings in all' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l seed -d 'The same seed gives the same organisation' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l event-loss -d 'How many of a hundred events never come' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l event-coverage -d 'How many of a hundred meetings events tell of' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l pushes-per-month -d 'How many pushes a month has' -r
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l format -d 'How it is printed' -r -f -a "table\t'For people'
json\t'One object'"
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l config -d 'The configuration file [default: $RECORDING_ARCHIVER_CONFIG, else /etc/recording-archiver/config.toml]' -r -F
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l events -d 'Have DingTalk push events too; the table shows the week with and without'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -l utc -d 'Show times in UTC [default: the local time zone]'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "run" -d 'The daemon: works until SIGTERM or SIGINT'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "once" -d 'One pass of every stage, then exit'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "reload" -d 'Have the daemon read its configuration anew, and wait for its verdict; fails if the daemon refuses it'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "watch" -d 'Put conferences on watch that are not found otherwise'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "recordings" -d 'List and show recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "conferences" -d 'List, show, explain and retry conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "gaps" -d 'List times in which nobody looked'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "backfill" -d 'Search a time for meetings that ended unseen; costs metered calls'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "record" -d 'Start or stop a cloud recording; only a meeting\'s host may'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "status" -d 'Show what the daemon does, which conferences are open, and how many calls were used'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "report" -d 'Write a page for a browser: recordings by day, how soon they came, calls, what is open, what needs a person'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "backup" -d 'Make a verified copy of the catalog; the daemon may run'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "catalog" -d 'Move the whole catalog from one database into the other'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "verify" -d 'Check whether the catalog, or a copy of it, is valid'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "check-config" -d 'Check the configuration, and show how many calls it needs'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "doctor" -d 'Find what keeps the daemon from working, and what to do about it; at most five metered calls'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "explain-code" -d 'Explain an error code: what it means, what the daemon does by itself, and what a person can do'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "simulate" -d 'A simulated DingTalk to try things on'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "demo" -d 'A simulated working week, archived for real'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and not __fish_seen_subcommand_from run once reload watch recordings conferences gaps backfill record status report backup catalog verify check-config doctor explain-code simulate demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from watch" -f -a "add" -d 'Put conferences on watch'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from watch" -f -a "import" -d 'Put the conferences of a file on watch: a line each, `ID` or `ID,UNION_ID`; `-` is standard input'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from watch" -f -a "list" -d 'Show the conferences that were put on watch and are still open'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from watch" -f -a "remove" -d 'Take conferences off the watch that are open or failed; what was recorded stays'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from recordings" -f -a "list" -d 'List recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from recordings" -f -a "show" -d 'Show one recording, and its earlier versions'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from recordings" -f -a "export" -d 'Write recordings to a file for people: in words, with local times, as Excel opens it'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from recordings" -f -a "link" -d 'Ask DingTalk where a recording can be watched; costs one metered call, and nothing of it is kept'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from conferences" -f -a "list" -d 'List conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from conferences" -f -a "show" -d 'Show one conference and its recordings'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from conferences" -f -a "explain" -d 'Explain one conference: what happened, why, and what comes next'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from conferences" -f -a "retry" -d 'Ask again for the recordings of closed conferences'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from gaps" -f -a "list" -d 'List the times in which nobody looked and no event could arrive, those that ended last first'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from record" -f -a "start" -d 'Start a recording'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from record" -f -a "stop" -d 'Stop a recording; the meeting goes on'
complete -c recording-archiver -n "__fish_recording_archiver_using_subcommand help; and __fish_seen_subcommand_from catalog" -f -a "copy" -d 'Copy the configured catalog into PostgreSQL, or back into a new file; no daemon may work on either'
