# shellcheck shell=bash disable=SC2015,SC2034,SC2154
# Metadata of repositories, on this disk and upstream's: what it names, and whether that holds.
# Part of koji-mirror.job.sh; what is installed on a host is one file, with this in it.

# Upstream says how long its files are, packed and unpacked; nothing real comes near these.
most_fetched=2000000000
most_unpacked=8000000000
most_repomd=10000000
most_packages=3000000

# One tag on each line, and none so long that it fills the memory.
tags() { tr '\n>' ' \n' | cut -b 1-8192; }

# Prints the packages of metadata on this disk, PATH and SIZE with a tab between, sorted. Fails with a reason on stderr.
packages_of() { # DIRECTORY, which has repodata/
  local kind sum file href want
  while IFS=$'\t' read -r kind sum want href; do
    [[ $kind == primary ]] || continue
    file=$1/$href
    [[ $href == repodata/* && $href != *..* && -f $file ]] || { echo "it has no ${href:-primary}" >&2; return 1; }
    checked "$sum" "$want" "$file" || { echo "the checksum of $href is wrong" >&2; return 1; }
    unpacked "$file" | tags | awk -v most="$most_packages" '
      function attribute(name) {
        if (!match($0, "[ ]" name "=[\"'"'"'][^\"'"'"']*")) return ""
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
      }
      /<package / { path = ""; size = 0 }
      /<size / { size = attribute("package"); if (size !~ /^[0-9]+$/ || length(size) > 15) size = 0 }
      /<location / { path = attribute("href"); gsub(/&amp;/, "\\&", path) }
      /<\/package$/ { if (path != "") { print path "\t" size; if (++n > most) exit } }
      /<metadata / { said = attribute("packages") }
      /<\/metadata$/ { whole = 1 }
      END { if (!whole || (said != "" && said + 0 != n + 0)) { exit 1 } }' | sort -T "${work:-/tmp}"
    [[ ${PIPESTATUS[*]} == '0 0 0 0' ]] || { echo "$href is cut off or not what it should be" >&2; return 1; }
    return 0
  done < <(entries_of "$1/repodata/repomd.xml")
  echo 'it has no list of packages (primary)' >&2
  return 1
}

# Prints what a repomd.xml names: TYPE, KIND-OF-CHECKSUM, CHECKSUM, HREF.
entries_of() { # FILE
  head -c "$most_repomd" -- "$1" | tags | awk '
    function attribute(name) {
      if (!match($0, "[ ]" name "=[\"'"'"'][^\"'"'"']*")) return ""
      return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    }
    /<data / { type = attribute("type"); sum = kind = href = "" }
    { if (next_is_sum) { sum = $0; sub(/<.*/, "", sum); gsub(/ /, "", sum); next_is_sum = 0 } }
    /<checksum / { kind = attribute("type"); next_is_sum = 1 }
    /<location / { href = attribute("href") }
    /<\/data$/ { print type "\t" kind "\t" sum "\t" href }'
}

checked() { # KIND CHECKSUM FILE
  local kind=$1
  if [[ $kind == sha ]]; then kind=sha1; fi
  [[ $kind =~ ^(md5|sha(1|224|256|384|512))$ && $2 =~ ^[0-9a-f]+$ && $("${kind}sum" <"$3") == "$2 "* ]]
}

# Fails where there is more than is taken: what follows would be read by dnf, and by nobody here.
unpacked() ( # FILE
  set -o pipefail
  case $1 in
    *.gz) gzip -dc <"$1" ;;
    *.xz) xz -dc --memlimit=1GiB <"$1" ;;
    *.zst) zstd -dcq <"$1" ;;
    *.bz2) bzip2 -dc <"$1" ;;
    *) cat <"$1" ;;
  esac | { head -c "$most_unpacked" && (($(head -c 1 | wc -c) == 0)); }
)

fetch() { # URL FILE MOST
  # An answer need not say how long it is, and the shell's limit counts all the same.
  (ulimit -f $(($3 / 1024)) && exec curl -q -g -sS -f -L --proto =http,https --proto-redir =http,https --max-redirs 5 --connect-timeout 20 \
    --speed-limit 1000 --speed-time 60 --max-time 1800 --retry 2 --max-filesize "$3" -o "$2" -- "$1" 2>"$work/why")
}

# Writes what upstream has into a file, as `packages_of` prints it. No address gets near a shell here.
list_upstream() { # NAME URL FILE
  local dir=$work/upstream url=${2%/} kind sum want href
  if [[ $2 == rsync://* ]]; then
    timeout 3600 rsync -rL --list-only --no-h --no-motd --timeout=300 --include='*/' --include='*.rpm' --exclude='*' -- "$2" </dev/null 2>"$work/why" |
      sed -nE 's/^-[^ ]* +([0-9,]+) +[^ ]+ +[^ ]+ (.*)$/\2\t\1/p' | head -n "$most_packages" | sort -T "$work" >"$3"
    [[ ${PIPESTATUS[0]} == 0 ]] || die "$1: the list of $2 did not arrive, $beside: $(why)"
    return
  fi
  rm -rf -- "$dir" && mkdir -p -- "$dir/repodata" || die "$work cannot be written"
  fetch "$url/repodata/repomd.xml" "$dir/repodata/repomd.xml" "$most_repomd" ||
    die "$1: there is no repodata/repomd.xml at $2, $beside: $(why)"
  grep -q '<repomd' "$dir/repodata/repomd.xml" ||
    die "$1: what $2 answers is no repository (its repomd.xml is something else), $beside"
  while IFS=$'\t' read -r kind sum want href; do
    [[ $kind == primary && $href =~ ^repodata/[A-Za-z0-9._-]+$ ]] || continue
    fetch "$url/$href" "$dir/$href" "$most_fetched" || die "$1: $href of $2 did not arrive, $beside: $(why)"
    break
  done < <(entries_of "$dir/repodata/repomd.xml")
  packages_of "$dir" >"$3" 2>"$work/why" ||
    die "$1: the metadata of $2 is broken, $beside: $(why). It may be changing at this moment; try again in an hour"
}

why() { tail -n 1 -- "$work/why" | tr -cd ' -~' | cut -c 1-200; }

# Does metadata name another place than its own, or can that not be told? Every file, and read coarsely, so that no way of
# writing it is missed. With an entity or a default for an attribute it need not stand there, so none may be declared.
leads_away() { # DIRECTORY, which has repodata/, and beside it what upstream wants there
  local file
  while IFS= read -r -d '' file; do
    case $file in *.xml | *.yaml | *.gz | *.xz | *.zst | *.bz2) ;; *) return 0 ;; esac
    unpacked "$file" | tr -d ' \t\r\n\0' | tr -c 'a-z:=!AEILNSTY' '\n' | cut -b 1-64 |
      grep -qE '^((location)?xml:base=|!(ENTITY|ATTLIST))'
    [[ ${PIPESTATUS[*]} == '0 0 0 0 1' ]] || return 0
  done < <(find "$1" -path "$1/solv" -prune -o -type f -print0)
  return 1
}
