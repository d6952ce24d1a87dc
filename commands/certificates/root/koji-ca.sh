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
  if [[ ! $'\n'$last =~ $'\n'unique_subject\ *=\ *no ]]; then
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
  [[ $1 == "$ca_sum" ]] || die "$dir/$certificate is not the certificate of the CA that this was planned with"
}

# The serial of a valid certificate of this user for this very key; nothing: there is none.
signed_for() { # USER PUBLIC-KEY
  local state number subject rest text
  while IFS=$'\t' read -r state rest number rest subject; do
    # An empty field goes with the tab before it, so a revoked one has more.
    [[ $state == V && $number =~ ^[0-9A-F]+$ ]] && [[ $subject == */CN=$1 || $subject == */CN=$1/* ]] || continue
    text=$(openssl x509 -in "$issued/$number.pem" -noout -pubkey -checkend 0 2>/dev/null) || continue
    if [[ $text == "$2"$'\n'* ]]; then printf '%s' "$number" && return; fi
  done < <(grep -a -F "/CN=$1" -- "$index")
}

check_request() { # USER: $work/csr.der, which becomes csr.pem, and its key $public
  local text line said names='' bits=0
  said=$(openssl req -inform DER -in "$work/csr.der" -verify -pubkey -subject -nameopt sep_multiline,sname,esc_ctrl,esc_msb -out "$work/csr.txt" 2>&1)
  # OpenSSL 1.0.2 ends with 0 also when the signature is wrong.
  case $said in
    *'verify OK'*) ;;
    *'verify failure'*) die 'the request is not signed by its own key' ;;
    *) die 'not a signing request' ;;
  esac
  # The key, then the subject, whose lines begin with spaces, then the request.
  text=$(<"$work/csr.txt")
  public=${text%%'-----END PUBLIC KEY-----'*}'-----END PUBLIC KEY-----'
  [[ $public == '-----BEGIN PUBLIC KEY-----'* ]] || die 'no key in the request'
  while IFS= read -r line; do
    if [[ $line =~ ^\ +CN\ *= ]]; then names+=$line$'\n'; fi
  done <<<"${text#"$public"}"
  [[ $names =~ ^\ *CN\ *=\ *"$1"$'\n'$ ]] || die "the request is not for $1"
  printf '%s\n' "-----BEGIN CERTIFICATE REQUEST-----${text##*-----BEGIN CERTIFICATE REQUEST-----}" >"$work/csr.pem" || die "$dir is full"
  # Of the key alone: nobody can put words of their own into it.
  text=$(openssl pkey -pubin -in "$work/csr.txt" -noout -text)
  if [[ $text =~ Public-Key:\ \(([0-9]+)\ bit ]]; then bits=${BASH_REMATCH[1]}; fi
  case $text in
    *PSS*) false ;;
    *Modulus:*) ((bits >= 2048 && bits <= 8192)) ;;
    *'ASN1 OID: prime256v1'* | *'ASN1 OID: secp384r1'* | 'ED25519 Public-Key:'*) true ;;
    *) false ;;
  esac || die "not a key that is signed here ($bits bits)"
  # The CA's own file says what a certificate may do, and the request nothing.
  if in_conf copy_extensions && [[ $(openssl req -in "$work/csr.pem" -noout -text) == *'Requested Extensions'* ]]; then
    die "the request asks for extensions, and $config would copy them: take copy_extensions out of it"
  fi
}

sign() { # CA USER DAYS CSR
  local user=$2 days=$3 csr=$4 name public number now until pem
  [[ $user =~ ^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$ ]] || die 'not a user name'
  [[ $days =~ ^[1-9][0-9]{0,3}$ ]] || die 'not a number of days'
  [[ ${#csr} -le 6000 && $csr =~ ^[A-Za-z0-9+/]+={0,2}$ ]] || die 'not a signing request'
  printf %s "$csr" | base64 -d >"$work/csr.der" || die 'not a signing request'
  name=$(sha256sum <"$work/csr.der") && name=$certs/$user.${name%% *}
  check_request "$user"
  mend
  number=$(signed_for "$user" "$public")
  if [[ -z $number ]]; then
    read_ca
    check_ca "$1"
    write_config
    printf -v now '%(%s)T' -1
    ((ca_end > now + 60)) || die 'the CA has expired, so it signs nothing'
    until=$((now + days * 86400))
    if ((until > ca_end)); then until=$ca_end; fi
    if ((until < 2524608000)); then printf -v until '%(%y%m%d%H%M%SZ)T' "$until"; else printf -v until '%(%Y%m%d%H%M%SZ)T' "$until"; fi
    cp -- "$work/csr.pem" "$work/kept" && mv -f -- "$work/kept" "$name.csr" || die "$name.csr could not be written"
    ca -notext -utf8 -subj "$ca_name/CN=$user" -outdir "$issued" -enddate "$until" -in "$work/csr.pem" -out "$work/out"
    number=$(signed_for "$user" "$public")
    [[ -n $number ]] || die 'openssl signed it, and the index does not have it'
  fi
  flush "$issued/$number.pem"
  # Without what is written above it where the CA's file does not say -notext.
  pem=$(<"$issued/$number.pem")
  pem=-----BEGIN\ CERTIFICATE-----${pem#*-----BEGIN CERTIFICATE-----}
  printf '%s\n' "$pem" >"$work/crt" && flush "$work/crt" && mv -f -- "$work/crt" "$name.crt" ||
    die "$name.crt could not be written"
  echo "signed $number"
}

revoke() { # CA SERIAL REASON DAYS
  local number=$2 reason=$3 days=$4 line
  [[ $number =~ ^([0-9A-F]{2}){1,20}$ ]] || die 'not a serial number'
  [[ $reason =~ ^(unspecified|keyCompromise|affiliationChanged|superseded|cessationOfOperation)$ ]] || die 'not a reason'
  [[ $days =~ ^[1-9][0-9]{0,3}$ ]] || die 'not a number of days'
  mend
  read_ca
  check_ca "$1"
  write_config
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
for one in "$config" "$certificate" "$key"; do
  [[ -e $one ]] || die "there is no $dir/$one"
done
ours . "$config" "$certificate" "$key"
work=.steward
exec 9>>"$work.lock" && flock -w 60 9 || die "another run holds $dir/$work.lock"
rm -rf -- "$work" && mkdir -m 700 -- "$work" && mkdir -p -- "$issued" "$certs" || die "$dir cannot be written"
trap 'rm -rf -- "$work"' EXIT
# Whatever is started from here keeps the lock, so that an openssl that outlives this run is waited for.
"$verb" "$@"
