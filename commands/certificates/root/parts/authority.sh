# Koji's certificate authority on this host: where it is, its lock, what others left undone, its lists of revoked ones.
# Part of koji-ca.sh and of koji-ca-renew.sh; what is installed on a host is one file, with this in it.
set -u -f
export LC_ALL=C
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
ours() {
  local mode
  [[ -O $1 ]] && mode=$(stat -c %a -- "$1") && (((8#$mode & 8#022) == 0)) ||
    die "$1 can be written by others than root, so it is not used"
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
  grep -Eq "^[[:space:]]*$1[[:space:]]*=" -- "$config"
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
  if ! grep -qs '^unique_subject *= *no' -- "$index.attr"; then
    echo 'unique_subject = no' >"$work/attr" && mv -f -- "$work/attr" "$index.attr" || die 'no attributes written'
  fi
}

# The CA's own file, and in it how the CA's own name is encoded: the same words in another encoding are other words to
# `openssl ca`, and people's OpenSSL writes UTF-8 where Koji's guide has printable strings.
write_config() {
  local section
  section=$(sed -n 's/^[[:space:]]*default_ca[[:space:]]*=[[:space:]]*\([A-Za-z0-9_]*\).*/\1/p' "$config" | tail -n 1)
  [[ -n $section ]] || die "there is no default_ca in $dir/$config"
  case $(openssl x509 -in "$certificate" -noout -subject -nameopt sep_multiline,sname,show_type | grep -E '^ *O *=') in
    *UTF8STRING:*) mask=utf8only ;;
    *T61STRING:* | *TELETEXSTRING:*) mask=MASK:0x4 ;;
    *) mask=MASK:0x2002 ;;
  esac
  { cat -- "$config" && printf '\n[%s]\nstring_mask = %s\n' "$section" "$mask"; } >"$work/ssl.cnf" || die "$dir is full"
}

# /C=.../ST=.../O=... of the CA itself, which is what `policy_match` of Koji's guide wants of everybody.
own_name() {
  openssl x509 -in "$certificate" -noout -subject -nameopt sep_multiline,sname,utf8 |
    sed -n -e 's/[/+\\]/\\&/g' -e 's/^ *\(C\|ST\|O\) *= *\(.*\)$/\/\1=\2/p' | tr -d '\n'
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

fingerprint() { # FILE: of the first certificate in it
  openssl x509 -in "$1" -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

check_ca() { # SHA-256
  [[ $1 =~ ^[0-9a-f]{64}$ ]] || die 'not the SHA-256 of a certificate'
  [[ $(fingerprint "$certificate") == "$1" ]] ||
    die "$dir/$certificate is not the certificate of the CA that this was planned with"
}

# As OpenSSL takes dates, and as certificates have them: four digits for a year from 2050 on.
stamp() { # SECONDS
  if (($1 < 2524608000)); then date -u -d "@$1" +%y%m%d%H%M%SZ; else date -u -d "@$1" +%Y%m%d%H%M%SZ; fi
}

second_of() { # FILE start|end: in seconds since 1970
  local text
  text=$(openssl x509 -in "$1" -noout "-${2}date") && date -u -d "${text#*=}" +%s || die "no $2 in $1"
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
    if [[ $one == *.kept ]]; then one=$key.$(fingerprint "$1" | cut -c 1-16); fi
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
}

publish() { # CRL MEANS: the CA's own copy last, which says that httpd has it
  if [[ -n $crl_in_use ]]; then
    cp -- "$1" "$crl_in_use.new" && mv -f -- "$crl_in_use.new" "$crl_in_use" || die "$crl_in_use could not be written"
  fi
  if [[ -n $reload ]]; then
    systemctl reload "$reload" </dev/null || die "$reload did not reload, $2"
  fi
  mv -f -- "$1" "$crl" || die "$dir/$crl could not be written"
}

# Puts a renewal in place that was made whole, the certificate last. A run that dies here leaves .renewal, and the next run
# of either script goes on with it. What was there stays beside, under the beginning of its certificate's SHA-256.
finish() {
  local old
  [[ -d .renewal ]] || return 0
  read -r old <.renewal/old
  cp -- .renewal/crl "$work/crl" || die "$dir is full"
  publish "$work/crl" 'so the renewal waits for that'
  keep "$certificate" "$old"
  if [[ -e .renewal/key ]]; then
    keep "$key" "$old"
    mv -f -- .renewal/key "$key" || die "$dir/$key could not be written"
  fi
  if [[ -e .renewal/certificate ]]; then
    mv -f -- .renewal/certificate "$certificate" || die "$dir/$certificate could not be written"
  fi
  rm -rf -- .renewal
}

keep() { # FILE NAME: once, because a second copy could be of what has come since
  if [[ -e $1.$2 ]]; then return; fi
  cp -p -- "$1" "$1.new" && flush "$1.new" && mv -f -- "$1.new" "$1.$2" || die "$dir/$1.$2 could not be written"
}

# Whatever is started from here keeps the lock, so that an openssl that outlives this run is waited for.
begin() {
  read_conf /etc/steward/ca.conf
  cd -- "$dir" || die "there is no $dir"
  for one in . "$config" "$certificate" "$key"; do
    [[ -e $one ]] || die "there is no $dir/$one"
    ours "$one"
  done
  work=.steward mask='' roots=0
  exec 9>>"$work.lock" && flock -w 60 9 || die "another run holds $dir/$work.lock"
  rm -rf -- "$work" && mkdir -m 700 -- "$work" && mkdir -p -- "$issued" "$certs" || die "$dir cannot be written"
  trap 'rm -rf -- "$work"' EXIT
}
