# Shared by the scripts in this folder: source it, do not run it.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A CI user's PATH may lack the folders that servers are in.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
# dotnet and apt want a home.
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"
# No process of a build stays behind to hold a pipe of the caller open.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Builds a project in Release. What a build writes is only worth reading when it fails; a signal ends the build with the script.
build() {
  local project=$1 log pid status=0
  log=$(mktemp)
  (umask 022; exec dotnet build "$root/$project" -c Release --nologo -v quiet -nodeReuse:false) </dev/null >"$log" 2>&1 &
  pid=$!
  trap 'kill "$pid" 2>/dev/null; rm -f "$log"; exit 130' INT
  trap 'kill "$pid" 2>/dev/null; rm -f "$log"; exit 143' TERM HUP
  wait "$pid" || status=$?
  trap - INT TERM HUP
  [[ $status -eq 0 ]] || cat "$log" >&2
  rm -f "$log"
  [[ $status -eq 0 ]] || die "the build of $project failed"
}
