# The commands that README.md and the manual print. CI takes them from there, so that what is printed is what was run.
#
#     printed FILE REGEX      the first command in FILE that matches as a whole; it is noted as run
#     unprinted FILE…         the commands in the files that nobody took since `printed_anew`
#
# A command is a line of a block marked `sh`, or a line of a block marked `console` that begins with a prompt: `$ ` or
# `# `. One that ends with a backslash goes on in the next line. What follows two spaces and a `#` is a remark.

taken=target/printed.taken

printed_anew() {
    mkdir -p target
    : >"$taken"
}

# Every command: its file, a tab, the command.
printed_commands() {
    awk '
        /^ *```/ { is_open = !is_open; kind = $0; sub(/^ *```/, "", kind); next }
        !is_open { next }
        begun { sub(/^ +/, ""); command($0); next }
        kind == "sh" && NF { command($0) }
        kind == "console" && /^[$#] / { command(substr($0, 3)) }
        function command(text) {
            begun = text ~ /\\$/
            if (begun) { before = before substr(text, 1, length(text) - 1); return }
            text = before text
            before = ""
            sub(/  +#.*$/, "", text)
            print FILENAME "\t" text
        }
    ' "$@"
}

printed() {
    local command
    if command=$(printed_commands "$1" | cut -f 2- | grep -m 1 -x -E -e "$2"); then
        printf '%s\t%s\n' "$1" "$command" >>"$taken"
        printf '%s\n' "$command"
    else
        # A command that fails, for `printed` is called where nobody asks for its own status.
        printf 'echo "%s prints no such command" >&2; false\n' "$1"
        printf '%s prints no command like %s\n' "$1" "$2" >&2
    fi
}

unprinted() {
    printed_commands "$@" | sort -u | comm -23 - <(sort -u "$taken")
}
