# shellcheck shell=bash disable=SC2015,SC2034,SC2154
# Koji's certificate authority on this host: where it is, its lock, what others left undone, its lists of revoked ones.
# Part of koji-ca.sh and of koji-ca-renew.sh; what is installed on a host is one file, with this in it.
#
# Starting a program is nearly all of the time that this takes, so what bash can do itself it does.
set -u -f
export LC_ALL=C TZ=UTC0
umask 022

dir=/etc/pki/koji
certificate=koji_ca_cert.crt
key=private/koji_ca_cert.key
config=ssl.cnf
index=index.txt
serial=serial
issued=newcerts
certs=certs
crl=crl.pem
crl_in_use= # the copy that httpd reads (SSLCARevocationFile)
reload=     # the unit that reads it: httpd.service

die() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Nobody but who runs this may have a say in what it does.
ours() { # PATHS
  local one mode count=0
  while read -r mode one; do
    [[ -O $one ]] && (((8#$mode & 8#022) == 0)) || die "$one can be written by others than root, so it is not used"
    count=$((count + 1))
  done < <(stat -c '%a %n' -- "$@")
  ((count == $#)) || die "not all of these can be looked at: $*"
}

read_conf() { # FILE
  local name value
  [[ -e $1 ]] || die "there is no $1 on this host, so nothing is signed or revoked here"
  ours "$1"
  while IFS='=' read -r name value || [[ -n $name ]]; do
    case $name in '' | '#'*) continue ;; esac
    [[ $name =~ ^(dir|certificate|key|config|index|serial|issued|certs|crl|crl_in_use|reload)$ ]] ||
      die "$1: there is no setting $name"
    [[ $value =~ ^[A-Za-z0-9/][A-Za-z0-9._/@-]*$ && $value != *..* ]] || die "$1: $name is no plain path"
    printf -v "$name" %s "$value"
  done <"$1"
}

in_conf() { # A setting of OpenSSL's: has its file one?
  [[ $'\n'$(<"$config") =~ $'\n'[[:space:]]*$1[[:space:]]*= ]]
}

# `openssl ca` writes NAME.new, then renames NAME to NAME.old and NAME.new to NAME, one file after the other, the serial
# before the index. What it was doing when it died is gone on with from there.
mend() {
  local one last next
  finish
  for one in "$serial" crlnumber "$index" "$index.attr"; do
    if [[ ! -e $one && -e $one.new ]]; then mv -f -- "$one.new" "$one"; fi
    if [[ ! -e $one && -e $one.old ]]; then cp -p -- "$one.old" "$one"; fi
  done
  [[ -e $index ]] || die "there is no $dir/$index: without it nobody knows what was signed"
  [[ -s $serial ]] || in_conf rand_serial || die "there is no number in $dir/$serial"
  if [[ -e $index.new && ! -e $serial.new && -e $serial.old ]]; then
    last=$(tail -n 1 -- "$index.new" | cut -f 4)
    read -r next <"$serial.old"
    if [[ $last == "$next" ]] && head -c "$(stat -c %s -- "$index")" -- "$index.new" | cmp -s - "$index"; then
      mv -f -- "$index.new" "$index"
    fi
  fi
  rm -f -- "$serial.new" crlnumber.new "$index.new" "$index.attr.new"
  # A renewed certificate has the subject of the one before it.
  last=''
  if [[ -r $index.attr ]]; then last=$(<"$index.attr"); fi
  next=$'(^|\n)unique_subject *= *no'
  if [[ ! $last =~ $next ]]; then
    echo 'unique_subject = no' >"$work/attr" && mv -f -- "$work/attr" "$index.attr" || die 'no attributes written'
  fi
}

# Of the CA's own certificate: $ca_sum (SHA-256), $ca_end (seconds), $ca_name (/C=.../ST=.../O=..., which is what
# `policy_match` of Koji's guide wants of everybody) and $ca_mask, how that name is encoded.
read_ca() {
  local line type value
  ca_sum='' ca_end='' ca_name='' ca_mask=MASK:0x2002
  while read -r line; do
    value=${line#*=}
    case $line in
      *' Fingerprint='*) value=${value//:/} && ca_sum=${value,,} ;;
      notAfter=*) ca_end=$(date -d "$value" +%s) ;;
      C=* | ST=* | O=*)
        type=${value%%:*} value=${value#*:}
        value=${value//\\/\\\\} && value=${value//\//\\/} && value=${value//+/\\+}
        ca_name+=/${line%%=*}=$value
        case ${line%%=*}:$type in
          O:UTF8STRING) ca_mask=utf8only ;;
          O:T61STRING | O:TELETEXSTRING) ca_mask=MASK:0x4 ;;
        esac
        ;;
    esac
  done < <(openssl x509 -in "$certificate" -noout -fingerprint -sha256 -enddate -subject -nameopt sep_multiline,sname,show_type,utf8)
  [[ -n $ca_sum && -n $ca_end && -n $ca_name ]] || die "$dir/$certificate cannot be read"
}

# The CA's own file, and in it how the CA's own name is encoded: the same words in another encoding are other words to
# `openssl ca`, and people's OpenSSL writes UTF-8 where Koji's guide has printable strings.
write_config() {
  local line section='' text
  text=$(<"$config")
  while IFS= read -r line; do
    if [[ $line =~ ^[[:space:]]*default_ca[[:space:]]*=[[:space:]]*([A-Za-z0-9_]+) ]]; then section=${BASH_REMATCH[1]}; fi
  done <<<"$text"
  [[ -n $section ]] || die "there is no default_ca in $dir/$config"
  printf '%s\n\n[%s]\nstring_mask = %s\n' "$text" "$section" "$ca_mask" >"$work/ssl.cnf" || die "$dir is full"
}

try() { # COMMAND: one of openssl's
  "$@" </dev/null >"$work/log" 2>&1 || why
}

why() { # It failed: says what it said last
  if grep -qi 'no space left' "$work/log"; then die "the disk of $dir is full; nothing was signed"; fi
  die "openssl said: $(grep -v -e '^Using config' -e '^Check that' -e '^$' "$work/log" | tail -n 3 | tr -cd ' -~\n' | tr '\n' ';')"
}

# Nobody is there to type a passphrase.
open_key() { # FILE
  openssl pkey -in "$1" -passin pass: -pubout </dev/null 2>/dev/null && return
  if grep -qs ENCRYPTED -- "$1"; then
    die 'the key of the CA has a passphrase, so nothing can be signed without somebody who types it'
  fi
  die "there is no key in $dir/$1"
}

ca() { # ARGUMENTS: `openssl ca`, which never asks anybody anything
  local ca=(openssl ca -batch -config "$work/ssl.cnf" -keyfile "$key" -cert "$certificate" -passin pass: -md sha256)
  "${ca[@]}" "$@" </dev/null >"$work/log" 2>&1 && return
  open_key "$key" >/dev/null
  why
}

# To the disk, as `openssl` does not: a power cut must not leave an index that names an empty file.
flush() { # FILE
  dd "of=$1" conv=notrunc,fsync count=0 </dev/null 2>/dev/null
}

# What `openssl ca` renamed, and the names, before anything that rests on it leaves this host: after a power cut no number is
# given a second time, and what is on a list of revoked ones is so in the index. Also for what a run that died left. Before
# coreutils 8.24 `sync` knows no files and takes all disks, which is as good and slower.
settle() {
  local one files=()
  for one in "$index" "$serial" crlnumber; do
    if [[ -e $one ]]; then files+=("$one"); fi
  done
  timeout -s KILL 30 sync -- "${files[@]}" . </dev/null >/dev/null 2>&1 || for one in "${files[@]}"; do flush "$one"; done
}

check_ca() { # SHA-256
  [[ $1 =~ ^[0-9a-f]{64}$ ]] || die 'not the SHA-256 of a certificate'
  [[ $1 == "$ca_sum" ]] || die "$dir/$certificate is not the certificate of the CA that this was planned with"
}

# As OpenSSL takes dates, and as certificates have them: four digits for a year from 2050 on.
stamp() { # SECONDS
  if (($1 < 2524608000)); then printf '%(%y%m%d%H%M%SZ)T' "$1"; else printf '%(%Y%m%d%H%M%SZ)T' "$1"; fi
}

sum_of() { # CERTIFICATE: the beginning of its SHA-256
  local sum
  sum=$(openssl x509 -in "$1" -noout -fingerprint -sha256) && sum=${sum#*=} && sum=${sum//:/} && printf %s "${sum:0:16}" | tr A-F a-f
}

# The certificates of a file, one each in $work/root0, root1, ... The first one signs. The others are those of before a
# renewal with a new key, for what they signed; the key of each is kept beside, under the beginning of its SHA-256.
split() { # FILE: sets $roots
  local line to=
  roots=0
  while IFS= read -r line; do
    if [[ $line == '-----BEGIN CERTIFICATE-----'* ]]; then
      to=$work/root$roots roots=$((roots + 1))
      : >"$to"
    fi
    if [[ -n $to ]]; then printf '%s\n' "$line" >>"$to"; fi
    if [[ $line == '-----END CERTIFICATE-----'* ]]; then to=; fi
  done <"$1"
}

key_of() { # CERTIFICATE
  local one own public
  public=$(openssl x509 -in "$1" -noout -pubkey) || die "$1 is no certificate"
  for one in "$key" "$work/ready/key" "$key.kept"; do
    if [[ $one == *.kept ]]; then one=$key.$(sum_of "$1"); fi
    [[ -e $one ]] || continue
    own=$(open_key "$one") || exit 1
    if [[ $own == "$public" ]]; then
      printf %s "$one"
      return
    fi
  done
  die "there is no key in $dir/$key for $(openssl x509 -in "$1" -noout -subject)"
}

# One list from each root, all in one file: a certificate is looked up in the list of who signed it.
make_crl() { # DAYS FILE
  local one with
  split "$certificate"
  : >"$2"
  for ((one = 0; one < roots; one++)); do
    with=$(key_of "$work/root$one") || exit 1
    certificate=$work/root$one key=$with ca -gencrl -crldays "$1" -out "$work/list"
    cat -- "$work/list" >>"$2" && [[ -s $work/list ]] || die 'openssl wrote no CRL'
  done
  flush "$2"
  settle
}

publish() { # CRL MEANS: the CA's own copy last, which says that httpd has it
  if [[ -n $crl_in_use ]]; then
    ours "${crl_in_use%/*}"
    cp -- "$1" "$crl_in_use.new" && flush "$crl_in_use.new" && mv -f -- "$crl_in_use.new" "$crl_in_use" || die "$crl_in_use could not be written"
  fi
  if [[ -n $reload ]]; then
    timeout 60 systemctl reload "$reload" </dev/null 9>&- || die "$reload did not reload, $2"
  fi
  mv -f -- "$1" "$crl" || die "$dir/$crl could not be written"
}

# Puts a renewal in place that was made whole, the certificate last. A run that dies here leaves .renewal, and the next run
# of either script goes on with it. What was there stays beside, under the beginning of its certificate's SHA-256.
finish() {
  local old
  [[ -d .renewal ]] || return 0
  read -r old <.renewal/old
  cp -- .renewal/crl "$work/crl" && flush "$work/crl" || die "$dir is full"
  publish "$work/crl" 'so the renewal waits for that'
  keep "$certificate" "$old"
  if [[ -e .renewal/key ]]; then
    keep "$key" "$old"
    mv -f -- .renewal/key "$key" || die "$dir/$key could not be written"
  fi
  if [[ -e .renewal/certificate ]]; then
    mv -f -- .renewal/certificate "$certificate" || die "$dir/$certificate could not be written"
  fi
  # At once: half of it would be finished by nobody.
  mv -T -- .renewal "$work/renewed" || die "$dir cannot be written"
}

keep() { # FILE NAME: once, because a second copy could be of what has come since
  if [[ -e $1.$2 ]]; then return; fi
  cp -p -- "$1" "$1.new" && flush "$1.new" && mv -f -- "$1.new" "$1.$2" || die "$dir/$1.$2 could not be written"
}

# Whatever is started from here keeps the lock, so that an openssl that outlives this run is waited for.
begin() {
  local one names=()
  read_conf /etc/steward/ca.conf
  cd -- "$dir" || die "there is no $dir"
  for one in "$config" "$certificate" "$key"; do
    [[ -e $one ]] || die "there is no $dir/$one"
  done
  ours . "$config" "$certificate" "$key"
  work=.steward roots=0
  # Whoever could read the lock could hold it for ever.
  (umask 077 && : >>"$work.lock") && chmod 600 -- "$work.lock" && exec 9>>"$work.lock" && flock -w 60 9 ||
    die "another run holds $dir/$work.lock"
  rm -rf -- "$work" && mkdir -m 700 -- "$work" && mkdir -p -- "$issued" "$certs" || die "$dir cannot be written"
  # `openssl ca` writes by names that are known before, and would follow a link that somebody put there; so would `cp`, with the
  # key. Whoever can write the record can make a revoked certificate good again with the next list.
  for one in "$config" "$certificate" "$key" "$index" "$serial" "$crl"; do
    if [[ $one == */* ]]; then names+=("${one%/*}/."); fi
  done
  for one in "$index" "$index.attr" "$serial" crlnumber; do
    if [[ -e $one ]]; then names+=("$one"); fi
  done
  ours "$issued" "$certs" ${names[@]+"${names[@]}"}
  trap 'rm -rf -- "$work"' EXIT
}
