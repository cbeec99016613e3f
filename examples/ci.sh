#!/bin/sh
# Deploys an image with DeployHub and waits for the end. Needs curl and nothing else.
#
#   ci.sh IMAGE TAG            TAG: a tag of the image, or sha256:… for exactly that digest
#
#   IMAGE                      the id of the container image in DeployHub
#   DEPLOYHUB_URL              where DeployHub is, as in https://deployhub.example.com
#   DEPLOYHUB_TOKEN            a token of the role operator
#   DEPLOYHUB_KEY              names this run: a job that is started again with the same key finds the deploy that it began
#                              (1 to 200 characters; left out, every call is a deploy of its own)
#   DEPLOYHUB_SECONDS          give up waiting after so many seconds (3600); the deploy itself goes on
#
# Progress goes to stderr, the plan as JSON to stdout. Exit code:
#   0  completed: every service runs the image and was verified
#   1  failed, cancelled or superseded, or not accepted: see what it says
#   2  rolled back: everything is as it was before
#   3  rolled back in part: an operator is needed
#   4  the end is not known: the server could not be reached, or the time was up
set -eu

say() { printf '%s\n' "ci.sh: $*" >&2; }
end() { known=1; exit "$1"; }
stop() { code=$1; shift; say "$*"; end "$code"; }

# Whatever else ends this script must not look like an outcome of the deploy.
known= work=
trap '[ -z "$work" ] || rm -rf "$work"; [ -n "$known" ] || exit 4' EXIT
trap 'exit 4' HUP INT TERM

[ $# -eq 2 ] || stop 1 'usage: ci.sh IMAGE TAG'
image=$1 tag=$2
[ -n "${DEPLOYHUB_URL:-}" ] || stop 1 'DEPLOYHUB_URL is not set: it says where DeployHub is'
[ -n "${DEPLOYHUB_TOKEN:-}" ] || stop 1 'DEPLOYHUB_TOKEN is not set: a token of the role operator is needed'
case $tag in
  sha256:*) body='{"imageDigestId": "'$tag'"}' ;;
  *[!A-Za-z0-9_.-]* | '') stop 1 "«$tag» is not a tag" ;;
  *) body='{"imageTag": "'$tag'"}' ;;
esac

work=$(mktemp -d)
key=${DEPLOYHUB_KEY:-$(date +%s)-$$-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')}
give_up=$(($(date +%s) + ${DEPLOYHUB_SECONDS:-3600}))

# The token goes to curl over a pipe: whoever lists processes does not see it.
request() {
  path=$1; shift
  printf 'header = "Authorization: Bearer %s"\n' "$DEPLOYHUB_TOKEN" |
    curl -sS -K - -o "$work/body" -D "$work/headers" -w '%{http_code}' --connect-timeout 10 --max-time 90 "$@" "${DEPLOYHUB_URL%/}$path"
}

# Asks until there is an answer to act on: a lost connection, a proxy's error, 429 and 503 pass.
ask() {
  tries=0
  while :; do
    : >"$work/headers"; : >"$work/body"
    status=$(request "$@") || status=000
    case $status in
      000 | 429 | 502 | 503 | 504) ;;
      *) return 0 ;;
    esac
    tries=$((tries + 1))
    pause=$(header retry-after)
    case $pause in
      '' | *[!0-9]*) pause=$((tries < 5 ? tries * 2 : 10)) ;;
    esac
    [ "$pause" -le 60 ] || pause=60
    [ $(($(date +%s) + pause)) -lt "$give_up" ] || stop 4 "no answer in time (the last was $status); the deploy, if it was accepted, goes on"
    say "no answer yet ($status), asking again in $pause s"
    sleep "$pause"
  done
}

header() { awk -v name="$1:" 'tolower($1) == name { sub(/\r$/, ""); print $2; exit }' "$work/headers"; }

# The first string of that name in the body: of a plan, its own.
text() {
  awk -v name="\"$1\"" '{ if (match($0, name " *: *\"([^\"\\\\]|\\\\.)*\"")) { found = substr($0, RSTART, RLENGTH); sub(name " *: *\"", "", found); print substr(found, 1, length(found) - 1); exit } }' "$work/body"
}

ask "/api/container-images/$image/deploy" -H 'Content-Type: application/json' -H "Idempotency-Key: $key" -d "$body"
[ "$status" = 202 ] || stop 1 "not accepted ($status $(text code)): $(text message)"
plan=$(header location)
say "accepted: ${DEPLOYHUB_URL%/}$plan"

shown=
while :; do
  ask "$plan" -H 'Prefer: wait=60'
  [ "$status" = 200 ] || stop 4 "the plan cannot be read ($status $(text code)): $(text message)"
  now=$(text status)
  [ "$now" = "$shown" ] || say "$now"
  shown=$now
  case $now in
    completed) outcome=0 ;;
    failed | cancelled | superseded) outcome=1 ;;
    rolled_back) outcome=2 ;;
    partially_rolled_back) outcome=3 ;;
    *)
      [ "$(date +%s)" -lt "$give_up" ] || stop 4 "still $now when the time was up; the deploy goes on"
      continue ;;
  esac
  cat "$work/body"
  [ "$outcome" -eq 0 ] || say "$(text code): $(text message)"
  end "$outcome"
done
