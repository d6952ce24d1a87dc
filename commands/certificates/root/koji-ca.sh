#!/bin/bash
# Signs one request or revokes one certificate with Koji's certificate authority. Runs as root, through sudo.
#
#   koji-ca.sh sign CA USER DAYS CSR            CA: SHA-256 of the CA's certificate, hex. CSR: DER in base64
#   koji-ca.sh revoke CA SERIAL REASON DAYS     SERIAL: capital hex. DAYS: how long the new CRL is good
#
# It works only on a host where root made /etc/steward/ca.conf, and may be empty. Where the CA is no argument says: it is
# laid out as Koji's own guide has it, or as that file says, one line a name: `dir=/etc/pki/koji`. The names and what
# they are otherwise stand below.
# Bash 4.2, OpenSSL 1.0.2 to 3.x.
#
# What a run that died leaves is found and finished by the next. A signed request is kept by its own SHA-256, as
# certs/USER.SHA256.csr and .crt, so it is never signed twice; the .crt, and for a revocation crl.pem, come last.
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
  local section mask
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

ca() { # ARGUMENTS: `openssl ca`, which never asks anybody anything
  openssl ca -batch -config "$work/ssl.cnf" -keyfile "$key" -cert "$certificate" -passin pass: -md sha256 "$@" \
    </dev/null >"$work/log" 2>&1 && return
  if grep -Eqi 'bad decrypt|bad password|maybe_?use_?pass|unable to load (CA )?private key' "$work/log" &&
    grep -qs ENCRYPTED -- "$key"; then
    die 'the key of the CA has a passphrase, so nothing can be signed without somebody who types it'
  fi
  if grep -qi 'no space left' "$work/log"; then die "the disk of $dir is full; nothing was signed"; fi
  die "openssl said: $(grep -v -e '^Using config' -e '^Check that' -e '^$' "$work/log" | tail -n 3 | tr -cd ' -~\n' | tr '\n' ';')"
}

# To the disk, as `openssl` does not: a power cut must not leave an index that names an empty file.
flush() { # FILE
  dd "of=$1" conv=notrunc,fsync count=0 </dev/null 2>/dev/null
}

check_ca() { # SHA-256
  [[ $1 =~ ^[0-9a-f]{64}$ ]] || die 'not the SHA-256 of a certificate'
  [[ $(openssl x509 -in "$certificate" -outform DER 2>/dev/null | sha256sum) == "$1 "* ]] ||
    die "$dir/$certificate is not the certificate of the CA that this was planned with"
}

# The serial of a valid certificate of this user for this very key; nothing: there is none.
signed_for() { # USER PUBLIC-KEY
  local state number subject rest
  while IFS=$'\t' read -r state rest number rest subject; do
    # An empty field goes with the tab before it, so a revoked one has more.
    [[ $state == V && $subject == */CN=$1 || $state == V && $subject == */CN=$1/* ]] || continue
    [[ $number =~ ^[0-9A-F]+$ && $(openssl x509 -in "$issued/$number.pem" -noout -pubkey 2>/dev/null) == "$2" ]] || continue
    openssl x509 -in "$issued/$number.pem" -noout -checkend 0 >/dev/null && printf '%s' "$number" && return
  done < <(grep -a -F "/CN=$1" -- "$index")
}

check_request() { # USER: $work/csr.der, which becomes csr.pem
  local text names bits
  openssl req -inform DER -in "$work/csr.der" -out "$work/csr.pem" 2>/dev/null || die 'not a signing request'
  # OpenSSL 1.0.2 ends with 0 also when the signature is wrong.
  openssl req -in "$work/csr.pem" -noout -verify 2>&1 | grep -q 'verify OK' || die 'the request is not signed by its own key'
  names=$(openssl req -in "$work/csr.pem" -noout -subject -nameopt sep_multiline,esc_ctrl,esc_msb | grep -E '^ *(CN|commonName) *=')
  [[ $names =~ ^\ *(CN|commonName)\ *=\ *"$1"$ ]] || die "the request is not for $1"
  text=$(openssl req -in "$work/csr.pem" -noout -text)
  [[ $text =~ Public-Key:\ \(([0-9]+)\ bit\) ]] && bits=${BASH_REMATCH[1]} || bits=0
  case $text in
    *'Public Key Algorithm: rsaEncryption'*) ((bits >= 2048 && bits <= 8192)) ;;
    *'Public Key Algorithm: id-ecPublicKey'*) ((bits == 256 || bits == 384)) ;;
    *'Public Key Algorithm: ED25519'* | *'Public Key Algorithm: Ed25519'*) true ;;
    *) false ;;
  esac || die "not a key that is signed here ($bits bits)"
  # The CA's own file says what a certificate may do, and the request nothing.
  if in_conf copy_extensions && [[ $text == *'Requested Extensions'* ]]; then
    die "the request asks for extensions, and $config would copy them: take copy_extensions out of it"
  fi
}

sign() { # CA USER DAYS CSR
  local user=$2 days=$3 csr=$4 name public number end until
  [[ $user =~ ^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$ ]] || die 'not a user name'
  [[ $days =~ ^[1-9][0-9]{0,3}$ ]] || die 'not a number of days'
  [[ ${#csr} -le 6000 && $csr =~ ^[A-Za-z0-9+/]+={0,2}$ ]] || die 'not a signing request'
  printf %s "$csr" | base64 -d >"$work/csr.der" || die 'not a signing request'
  name=$(sha256sum <"$work/csr.der") && name=$certs/$user.${name%% *}
  check_request "$user"
  mend
  write_config
  public=$(openssl req -in "$work/csr.pem" -noout -pubkey) && [[ -n $public ]] || die 'no key in the request'
  number=$(signed_for "$user" "$public")
  if [[ -z $number ]]; then
    check_ca "$1"
    openssl x509 -in "$certificate" -noout -checkend 60 >/dev/null || die 'the CA has expired, so it signs nothing'
    end=$(openssl x509 -in "$certificate" -noout -enddate) && end=$(date -u -d "${end#notAfter=}" +%s) || die 'no end of the CA'
    until=$(($(date +%s) + days * 86400))
    if ((until > end)); then until=$end; fi
    if ((until < 2524608000)); then until=$(date -u -d "@$until" +%y%m%d%H%M%SZ); else until=$(date -u -d "@$until" +%Y%m%d%H%M%SZ); fi
    cp -- "$work/csr.pem" "$work/kept" && mv -f -- "$work/kept" "$name.csr" || die "$name.csr could not be written"
    ca -notext -utf8 -subj "$(own_name)/CN=$user" -outdir "$issued" -enddate "$until" -in "$work/csr.pem" -out "$work/out"
    number=$(signed_for "$user" "$public")
    [[ -n $number ]] || die 'openssl signed it, and the index does not have it'
  fi
  flush "$issued/$number.pem"
  openssl x509 -in "$issued/$number.pem" -out "$work/crt" && [[ -s $work/crt ]] && flush "$work/crt" && mv -f -- "$work/crt" "$name.crt" ||
    die "$name.crt could not be written"
  echo "signed $number"
}

revoke() { # CA SERIAL REASON DAYS
  local number=$2 reason=$3 days=$4 line
  [[ $number =~ ^([0-9A-F]{2}){1,20}$ ]] || die 'not a serial number'
  [[ $reason =~ ^(unspecified|keyCompromise|affiliationChanged|superseded|cessationOfOperation)$ ]] || die 'not a reason'
  [[ $days =~ ^[1-9][0-9]{0,3}$ ]] || die 'not a number of days'
  mend
  write_config
  check_ca "$1"
  line=$(grep -a -E "^[VER]	[0-9]+Z	[^	]*	$number	" -- "$index") || die "the CA never signed a certificate $number"
  if [[ $line != R* ]]; then
    [[ -s $issued/$number.pem ]] || die "there is no $dir/$issued/$number.pem, which openssl needs to revoke it"
    ca -revoke "$issued/$number.pem" -crl_reason "$reason"
  fi
  ca -gencrl -crldays "$days" -out "$work/crl"
  [[ -s $work/crl ]] && flush "$work/crl" || die 'openssl wrote no CRL'
  if [[ -n $crl_in_use ]]; then
    cp -- "$work/crl" "$crl_in_use.new" && mv -f -- "$crl_in_use.new" "$crl_in_use" || die "$crl_in_use could not be written"
  fi
  if [[ -n $reload ]]; then
    systemctl reload "$reload" </dev/null || die "$reload did not reload, so it still lets $number in"
  fi
  mv -f -- "$work/crl" "$crl" || die "$dir/$crl could not be written"
  echo "revoked $number"
}

verb=${1-}
case "$verb $#" in 'sign 5' | 'revoke 5') shift ;; *) die 'takes: sign CA USER DAYS CSR, or revoke CA SERIAL REASON DAYS' ;; esac
read_conf /etc/steward/ca.conf
cd -- "$dir" || die "there is no $dir"
for one in . "$config" "$certificate" "$key"; do
  [[ -e $one ]] || die "there is no $dir/$one"
  ours "$one"
done
work=.steward
exec 9>>"$work.lock" && flock -w 60 9 || die "another run holds $dir/$work.lock"
rm -rf -- "$work" && mkdir -m 700 -- "$work" && mkdir -p -- "$issued" "$certs" || die "$dir cannot be written"
trap 'rm -rf -- "$work"' EXIT
# Whatever is started from here keeps the lock, so that an openssl that outlives this run is waited for.
"$verb" "$@"
