#!/bin/bash
# What can an account without rights see of the certificate authority? Prints public things only, changes nothing,
# and asks nobody for a passphrase. Bash 4.2 (CentOS 7), coreutils, gzip, find, grep, awk; openssl only for `public`.
#
# Arguments: three for each ask, KIND NAME PATH:
#   host    the clock, and which OpenSSL this is (PATH is not used)
#   clock   the clock alone
#   stat    mode, owner, size, age
#   file    the same, and what is in it
#   cert    the same, and the certificates in it: nothing else of that file is sent
#   certs   PATH is DIRECTORY/A,B,C: the certificates in A.pem, B.pem and C.pem there, each after a line with its path
#   keys    PATH is DIRECTORY:X,Y: the *.pem there whose base64 holds X or Y, which have - and _ for + and /
#   config  the same, and what that ssl.cnf says of digest and serials: it may hold a passphrase too
#   conf    the same, and its lines NAME=VALUE
#   list    the same, and the names in that directory
#   sum     the same, and the SHA-256 of the file
#   space   what is free on its disk
#   public  the public half of a private key, if that file can be read
#   loose   files below that hold a private key and that everybody can read
# Prints for each ask, in order, tab between: NAME STATE name=value... [data=...] and then END and their number.
# STATE is ok, missing, denied, odd (not what was asked for) or failed. Data is gzip in base64, so that every byte
# arrives as it is. Without END the output is not whole.
#
# STEWARD_ROOT is where a test keeps etc/; a real host has no such variable.
set -u -f
export LC_ALL=C
tab=$'\t'
most=8388608 # bytes of one file or list that are sent at most

say() { # NAME STATE FACTS...
  local IFS=$tab
  printf '%s\n' "$*"
}

packed() { # standard input as one word
  head -c "$most" | gzip -c | base64 -w 0
}

# Starting a program takes longer than what it does, so all are looked at by one.
declare -A seen_first
look_first() { # KIND NAME PATH...
  local paths=() line
  while (($# >= 3)); do
    case $1 in host | clock | space | certs | keys) ;; *) paths+=("${STEWARD_ROOT-}$3") ;; esac
    shift 3
  done
  while IFS= read -r line; do
    seen_first[${line%%"$tab"*}]=${line#*"$tab"}
  done < <(stat -L -c "%n$tab%a %U %G %s %Y %F" -- ${paths[@]+"${paths[@]}"} 2>/dev/null)
}

facts_of() { # PATH: sets $state and $facts
  local line=${seen_first[$1]-}
  facts=()
  if [[ -n $line ]] || line=$(stat -L -c '%a %U %G %s %Y %F' -- "$1" 2>&1); then
    # shellcheck disable=SC2206 # words, and globbing is off
    local f=($line)
    facts=("mode=${f[0]}" "owner=${f[1]}" "group=${f[2]}" "size=${f[3]}" "changed=${f[4]}")
    kind=${f[*]:5}
    state=ok
    return
  fi
  kind=''
  case $line in
    *'Permission denied'*) state=denied ;;
    *'No such file'* | *'Not a directory'*) state=missing ;;
    *) state=failed ;;
  esac
}

look() { # KIND NAME PATH
  local name=$2 path=${STEWARD_ROOT-}$3 state kind facts line data names files=()
  case $1 in
    host)
      line=$(timeout -s KILL 5 openssl version </dev/null 2>/dev/null)
      say "$name" ok "now=$(date +%s)" "openssl=${line//[^[:alnum:]. -]/}"
      return
      ;;
    clock)
      say "$name" ok "now=$(date +%s)"
      return
      ;;
    certs)
      IFS=, read -r -a names <<<"${path##*/}"
      for line in "${names[@]}"; do
        line=${path%/*}/$line.pem
        if [[ -f $line && -r $line ]]; then files+=("$line"); fi
      done
      data=''
      if ((${#files[@]} > 0)); then
        data=$(awk '
          FNR == 1 { print FILENAME; on = 0 }
          /^-----BEGIN CERTIFICATE-----/ { on = 1 }
          on { print }
          /^-----END CERTIFICATE-----/ { on = 0 }' "${files[@]}" | packed)
      fi
      say "$name" ok ${data:+"data=$data"}
      return
      ;;
    space)
      if line=$(stat -f -c '%S %a %c %d' -- "$path" 2>/dev/null); then
        # shellcheck disable=SC2206 # numbers, and globbing is off
        local f=($line)
        say "$name" ok "free=$((f[0] * f[1]))" "inodes=${f[2]}" "inodes-free=${f[3]}"
      else
        say "$name" failed
      fi
      return
      ;;
    keys)
      line=${path##*:}
      line=${line//-/+}
      # shellcheck disable=SC2016 # awk's own
      data=$(find "${path%:*}" -mindepth 1 -maxdepth 1 -name '*.pem' -type f -print0 2>/dev/null |
        xargs -0 -r awk -v wanted="${line//_/\/}" '
          function look(  at) {
            for (at = 1; at <= count; at++) if (index(text, list[at])) { print file; break }
            text = ""
          }
          BEGIN { count = split(wanted, list, ",") }
          FNR == 1 { look(); file = FILENAME; on = 0 }
          /^-----END CERTIFICATE-----/ { on = 0 }
          on { text = text $0 }
          /^-----BEGIN CERTIFICATE-----/ { on = 1 }
          END { look() }' 2>/dev/null | packed)
      say "$name" ok ${data:+"data=$data"}
      return
      ;;
  esac
  facts_of "$path"
  if [[ $1 == file && $state == missing ]]; then
    # openssl puts its new index.txt and serial there by renaming, and for a moment there is none.
    sleep 0.2
    facts_of "$path"
  fi
  if [[ $state != ok || $1 == stat ]]; then
    say "$name" "$state" ${facts[@]+"${facts[@]}"}
    return
  fi
  case $1 in
    list | loose) [[ $kind == directory ]] || state=odd ;;
    *) [[ $kind == regular* ]] || state=odd ;;
  esac
  if [[ $state == ok && ! -r $path ]]; then state=denied; fi
  if [[ $state != ok ]]; then
    say "$name" "$state" "${facts[@]}"
    return
  fi
  data=''
  case $1 in
    file) data=$(packed <"$path") ;;
    cert) data=$(head -c 1048576 -- "$path" | sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' | packed) ;;
    config) data=$(head -c 1048576 -- "$path" | grep -E '^[[:space:]]*(default_md|rand_serial)[[:space:]]*=' | packed) ;;
    conf)
      # The pretend root of a test is / to us.
      data=$(head -c 65536 -- "$path" | while IFS= read -r line || [[ -n $line ]]; do
        if [[ $line =~ ^[a-z_]+= ]]; then printf '%s\n' "${line/"=${STEWARD_ROOT-}/"/=/}"; fi
      done | packed)
      ;;
    list) data=$(find "$path" -mindepth 1 -maxdepth 1 -printf '%f\n' | packed) ;;
    sum)
      line=$(sha256sum <"$path")
      say "$name" ok "${facts[@]}" "sha256=${line%% *}"
      return
      ;;
    public)
      data=$(timeout -s KILL 5 openssl pkey -in "$path" -passin pass: -pubout </dev/null 2>/dev/null)
      if [[ $data == '-----BEGIN PUBLIC KEY-----'* ]]; then
        data=$(packed <<<"$data")
      elif grep -qs ENCRYPTED -- "$path"; then
        facts+=('encrypted=yes')
        data=''
      else
        state=failed data=''
      fi
      ;;
    loose)
      # Directories that not everybody may enter hold nothing that everybody can read.
      data=$(timeout -s KILL 5 find "$path" -maxdepth 3 -type d ! -perm -005 -prune -o -type f -perm -004 -print0 2>/dev/null |
        timeout -s KILL 5 xargs -0 -r grep -lsm 1 -e '-----BEGIN.*PRIVATE KEY-----' -- 2>/dev/null |
        head -n 200 | packed)
      ;;
    *) state=failed ;;
  esac
  say "$name" "$state" "${facts[@]}" ${data:+"data=$data"}
}

main() {
  local count=0
  look_first "$@"
  while (($# >= 3)); do
    look "$1" "$2" "$3"
    count=$((count + 1))
    shift 3
  done
  echo "END $count"
}

main "$@"
