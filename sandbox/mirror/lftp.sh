#!/bin/bash
# A pretend lftp, as far as mrepo needs it: lftp.sh -c 'mirror -e [--dry-run] URL DIRECTORY'. Takes the packages that the
# pages of a web server's directories name, and deletes what they name no more.
set -u
read -r -a words <<<"$2"
dir=${words[-1]} base=${words[-2]%/}/ dry=
case " $2 " in *' --dry-run '*) dry=yes ;; esac
names=()

list() { # DIRECTORY below the address
  local page name
  page=$(curl -sSf --max-time 600 -- "$base$1") || return 1
  while read -r name; do
    case $name in
      repodata/ | headers/ | '') ;;
      */) list "$1$name" || return 1 ;;
      *.rpm) names+=("$1$name") ;;
    esac
  done < <(grep -o '<a href="[^"?/][^"?]*"' <<<"$page" | cut -d '"' -f 2)
}

list '' || exit 1
[[ -z $dry ]] || exit 0
for name in ${names[@]+"${names[@]}"}; do
  [[ ! -s $dir/$name ]] || continue
  mkdir -p -- "$(dirname -- "$dir/$name")"
  if ! curl -sSf --max-time 600 -o "$dir/$name.part" -- "$base$name" || ! mv -- "$dir/$name.part" "$dir/$name"; then
    rm -f -- "$dir/$name.part"
    exit 1
  fi
done
if [[ -d $dir ]]; then
  comm -23 <(cd -- "$dir" && find . -name '*.rpm' -printf '%P\n' | sort) <(printf '%s\n' ${names[@]+"${names[@]}"} | sort) |
    while read -r name; do rm -f -- "$dir/$name"; done
fi
