# Completion in bash: . fuzz/setup/completion.bash
# The --help of each command lists what there is to complete.

# The values of an option, as --help has them in braces, or as the corpora have them.
_procbuf_values() {
    local command=$1 option=$2 help=$3 corpora
    corpora=$(dirname "$command")/../corpus
    if [ "$option" = --harness ] && [ -d "$corpora" ]; then
        find "$corpora" -mindepth 1 -maxdepth 1 -type d ! -name regressions -printf '%f '
    elif [ "$option" = --harness ]; then
        "$command" --list 2>/dev/null | cut -f 1
    else
        sed -n "s/.*[[ ]$option {\\([^}]*\\)}.*/\\1/p" <<<"$help" | head -n 1 | tr ',' ' '
    fi
}

_procbuf_complete() {
    local command=$1 word=$2 before=$3 help choices=""
    COMPREPLY=()
    help=$("$command" --help 2>/dev/null) || return
    case $before in
    --lib | --out)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --*) choices=$(_procbuf_values "$command" "$before" "$help") ;;
    esac
    if [ -z "$choices" ] && [[ $word == -* ]]; then
        choices=$(grep -oE -- '--[a-z][a-z-]+' <<<"$help" | sort -u)
    fi
    if [ -n "$choices" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _procbuf_complete campaign repro procbuf-replay procbuf-convert procbuf-minimize \
    procbuf-emit ./tests/run tests/run ./tests/defects/run tests/defects/run
