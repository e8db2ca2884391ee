"""``graft completion``."""

from __future__ import annotations

import os
import sys

from graft.cli.commands import Command
from graft.cli.console import Console
from graft.cli.parser import Parser

_EXAMPLES = """\
  eval "$(graft completion bash)"               in ~/.bashrc
  eval "$(graft completion zsh)"                in ~/.zshrc, behind compinit
  graft completion fish | source                in ~/.config/fish/config.fish
  graft completion words 'graft install --of'   what a shell is told: a word a line, a tab, help"""

# bash takes words apart at some of their letters, and replaces the last piece alone.
_BASH = """\
_graft() {
    local line="${COMP_LINE:0:COMP_POINT}" piece="${COMP_WORDS[COMP_CWORD]}" found
    local word="${line##*[[:space:]]}"
    local head="${word%"$piece"}"
    [[ -n $piece && $COMP_WORDBREAKS == *"$piece"* && $piece != *[[:alnum:]]* ]] && head="$word"
    COMPREPLY=()
    while IFS= read -r found; do
        found="${found%%$'\\t'*}"
        COMPREPLY+=("${found#"$head"}")
    done < <(graft completion words "$line" 2>/dev/null)
}
complete -o default -F _graft graft
"""
_ZSH = """\
#compdef graft
_graft() {
    local line
    local -a found
    for line in "${(@f)$(graft completion words "${(j: :)words[1,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] && found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    if (( ${#found} )); then _describe graft found; else _files; fi
}
if [[ $funcstack[1] == _graft ]]; then _graft "$@"; else compdef _graft graft; fi
"""
_FISH = """\
function __graft_words
    set -l found (graft completion words (commandline -cp) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c graft -f -a '(__graft_words)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def run(command: Command, arguments: list[str], console: Console) -> int:
    parser = Parser(command, examples=_EXAMPLES, usage="bash|zsh|fish")
    parser.add_argument(
        "shell", choices=(*_SCRIPTS, "words"), metavar="shell", help="bash, zsh or fish"
    )
    parser.add_argument("line", nargs="?", help="for 'words': what is typed so far")
    said = parser.parse(arguments)
    if said.shell == "words":
        from graft.cli.complete import candidates

        found = candidates(said.line or "", os.path.abspath(said.dir))
        if console.json:
            console.document([{"word": word, "help": about} for word, about in found])
        else:
            sys.stdout.writelines(f"{word}\t{about}\n" for word, about in found)
        return 0
    if said.line:
        parser.error(f"'{said.line}' is one argument too many")
    if console.json:
        console.document({"shell": said.shell, "script": _SCRIPTS[said.shell]})
    else:
        sys.stdout.write(_SCRIPTS[said.shell])
    return 0
