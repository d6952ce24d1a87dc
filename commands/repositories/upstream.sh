#!/bin/bash
# Looks at upstreams of packages as an account without rights, and changes nothing. Bash 4.2, curl 7.29, rsync.
#
#   upstream.sh resolve SECONDS NAME...             the addresses of each name, with commas between
#   upstream.sh fetch SECONDS WITHIN [KIND NAME URL ADDRESS]...   KIND page: the first 2 MB. KIND start: the first
#                                                   512 KB, unpacked by the end of the URL, and of that the first 4 MB
#                                                   SECONDS are for one; what could not be begun so that it ends WITHIN
#                                                   is left out, with exit=late
#
# It connects to ADDRESS, whatever the name of the URL leads to by then, follows nothing and heeds no proxy. Lines are
# NAME, STATE, then name=value, with tabs; content is data=, gzipped, in base64. The last is END and how many there were.
set -u -f
export LC_ALL=C
tab=$'\t'
parts='^(\[[^]]*\]|[^:]*)(:([0-9]+))?$' # of an authority
count=0

say() { # NAME STATE FACTS...
  local IFS=$tab
  printf '%s\n' "$*"
  count=$((count + 1))
}

resolve() { # NAME
  local line found=()
  while read -r line _; do
    [[ " ${found[*]-} " == *" $line "* ]] || found+=("$line")
  done < <(timeout -s KILL "$seconds" getent ahosts "$1" 2>/dev/null)
  if ((${#found[@]} == 0)); then
    say "$1" failed
  else
    local IFS=,
    found=("${found[*]}")
    say "$1" ok "addresses=${found[0]}"
  fi
}

fetch() { # KIND URL ADDRESS FILE
  local kind=$1 url=$2 address=$3 file=$4 authority host port scheme most=2097152
  scheme=${url%%://*}
  authority=${url#*://}
  authority=${authority%%/*}
  host=$authority port=
  if [[ $authority =~ $parts ]]; then host=${BASH_REMATCH[1]} port=${BASH_REMATCH[3]}; fi
  if [[ $scheme == rsync ]]; then
    [[ $address != *:* ]] || address="[$address]"
    # A daemon of rsync is not told a name, so its address can stand in its place.
    timeout -s KILL "$seconds" env -u RSYNC_PROXY -u RSYNC_CONNECT_PROG rsync -q --no-motd --contimeout=5 --timeout=10 --max-size=20m -L -- \
      "rsync://$address${port:+:$port}/${url#*://*/}" "$file" </dev/null >/dev/null 2>&1
    echo $? >"$file.exit"
  else
    [[ -n $port ]] || { [[ $scheme == https ]] && port=443 || port=80; }
    # Without brackets, also of IPv6: curl before 7.57 does not know those here, and would resolve the name by itself.
    local range=()
    if [[ $kind == start ]]; then range=(--range 0-524287) most=524288; fi
    curl -q --silent --globoff --noproxy '*' --proto '=http,https' --max-redirs 0 --connect-timeout 5 \
      --max-time "$seconds" --resolve "$host:$port:$address" -H 'User-Agent: koji-steward' \
      ${range[@]+"${range[@]}"} -D "$file.head" -o - -- "$url" </dev/null 2>/dev/null | head -c "$most" >"$file"
    echo "${PIPESTATUS[0]}" >"$file.exit"
  fi
}

unpacked() { # KIND URL FILE
  if [[ $1 == page ]]; then
    cat -- "$3"
  else
    case $2 in
      *.gz) gzip -dc <"$3" ;;
      *.xz) xz -dc --memlimit=256MiB <"$3" ;;
      *.zst) zstd -dc <"$3" ;;
      *.bz2) bzip2 -dc <"$3" ;;
      *) cat -- "$3" ;;
    esac
  fi 2>/dev/null | head -c 4194304
}

show() { # KIND NAME URL FILE
  local kind=$1 name=$2 url=$3 file=$4 code='' to='' data='' key value end=''
  if [[ -r $file.head ]]; then
    while IFS= read -r key; do
      key=${key%$'\r'}
      case $key in
        HTTP/*)
          read -r _ code _ <<<"$key"
          to=''
          ;;
        [Ll]ocation:*)
          value=${key#*:}
          to=${value//[$' \t']/}
          ;;
      esac
    done < <(head -c 65536 -- "$file.head" | tr -d "\0")
  fi
  [[ ! -r $file.exit ]] || read -r end <"$file.exit"
  if [[ -s $file ]]; then data=$(unpacked "$kind" "$url" "$file" | gzip -c | base64 -w 0); fi
  say "$name" ok "exit=$end" "code=$code" "to=${to:0:1000}" ${data:+"data=$data"}
}

verb=$1 seconds=$2
shift 2
if [[ $verb == resolve ]]; then
  for one in "$@"; do resolve "$one"; done
else
  work=$(mktemp -d) || exit 1
  # Not every curl bounds the headers of an answer, nor has every server to send what it was asked for. In KB.
  ulimit -f 24576
  trap 'rm -rf -- "$work"' EXIT
  within=$1
  shift
  all=("$@")
  for ((n = 0; n + 3 < ${#all[@]}; n += 4)); do
    if ((SECONDS + seconds > within)); then
      echo late >"$work/$n.exit"
      continue
    fi
    fetch "${all[n]}" "${all[n + 2]}" "${all[n + 3]}" "$work/$n" &
    # Not more at once than a mirror takes for politeness.
    if (((n / 4) % 6 == 5)); then wait; fi
  done
  wait
  for ((n = 0; n + 3 < ${#all[@]}; n += 4)); do
    show "${all[n]}" "${all[n + 1]}" "${all[n + 2]}" "$work/$n"
  done
fi
echo "END $count"
