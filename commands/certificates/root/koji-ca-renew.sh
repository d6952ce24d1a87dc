#!/bin/bash
# Renews the certificate of Koji's certificate authority. Runs as root, through sudo.
#
#   koji-ca-renew.sh CA KEY DAYS CRLDAYS MOST
#     CA       SHA-256 of the CA's certificate, hex
#     KEY      same: the key, the name and the serial stay, so that what they signed goes on verifying.
#              new: a key that is made here; the old certificate stays in the file, after the new one
#     DAYS     how long the new certificate is good; CRLDAYS: the lists of revoked ones
#     MOST     valid certificates that may go untried, because their file is gone or this CA did not sign them
#
# It works only on a host where root made /etc/steward/ca.conf; koji-ca.sh says what may stand in it.
# Bash 4.2, OpenSSL 1.0.2 to 3.x.
#
# All of it is made in .steward: certificate, key, lists. Every valid certificate of the index is tried with that, and what
# would be signed next. Only then is it renamed to .renewal, whole and on the disk, and put in place from there.

# shellcheck disable=SC2015,SC2154 # `a && b || die` is meant; what the part sets is not seen here
# part: parts/authority.sh

# A certificate signed by itself, in $ready/root. What Koji's guide leaves out of one, strict clients want (Python 3.13, or
# `openssl verify -x509_strict`): a critical basicConstraints, and a keyUsage. `openssl x509 -signkey` could set no dates.
make_root() { # KEY SERIAL START DAYS SUBJECT-KEY-IDENTIFIER: of $work/root.csr
  local length
  length=$(grep -o 'pathlen:[0-9]*' <<<"$text")
  echo "$2" >"$work/root.serial" && : >"$work/root.index" && cat >"$work/root.cnf" <<END || die "$dir is full"
[ca]
default_ca = root
[root]
database = $work/root.index
serial = $work/root.serial
new_certs_dir = $work
policy = any
preserve = yes
email_in_dn = yes
x509_extensions = extensions
[any]
[extensions]
basicConstraints = critical,CA:TRUE${length:+,$length}
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = $5
END
  try openssl ca -batch -config "$work/root.cnf" -selfsign -keyfile "$1" -passin pass: -md sha256 -preserveDN -notext \
    -startdate "$(stamp "$3")" -enddate "$(stamp $((now + $4 * 86400)))" -in "$work/root.csr" -out "$ready/root"
}

# Names, serial and key of a certificate, byte by byte.
identity() { # CERTIFICATE
  openssl x509 -in "$1" -noout -subject -issuer -serial -pubkey -nameopt sep_multiline,oid,dump_all,dump_der
}

# Koji's ssl.cnf has `authorityKeyIdentifier = keyid,issuer:always`: each certificate names the issuer's name and serial.
same_root() { # DAYS
  local number identifier start
  number=$(openssl x509 -in "$certificate" -noout -serial) && start=$(openssl x509 -in "$certificate" -noout -startdate) &&
    start=$(date -d "${start#*=}" +%s) || die "$dir/$certificate cannot be read"
  identifier=$(grep -A 1 'X509v3 Subject Key Identifier' <<<"$text" | sed -n '2s/ *//gp')
  try openssl x509 -x509toreq -in "$certificate" -signkey "$key" -passin pass: -out "$work/root.csr"
  # From the same day: a clock that is late must not take it for one of tomorrow.
  make_root "$key" "${number#serial=}" "$start" "$1" "${identifier:-hash}"
  [[ $(identity "$ready/root") == "$(identity "$certificate")" ]] || die 'the new certificate has another name or serial'
}

# A new key gets a name of its own: each list of revoked ones then has one signer only, and a server that asks for
# certificates says in its handshake which of the two it knows.
new_root() { # DAYS
  local known names cn name count curve
  names=$(openssl x509 -in "$certificate" -noout -subject -nameopt sep_multiline,sname,utf8 | sed -n 's/^  *//p')
  cn=$(sed -n 's/^CN *= *//p' <<<"$names" | tail -n 1 | sed 's/ [0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\(\.[0-9]\)\{0,1\}$//')
  known=$(openssl crl2pkcs7 -nocrl -certfile "$certificate" | openssl pkcs7 -print_certs -noout)
  for count in '' .2 .3 .4 .5; do
    name="$(cut -c 1-50 <<<"${cn:-CA}") $(date +%F)$count"
    if ! grep -qF -e "$name" <<<"$known"; then break; fi
  done
  curve=$(sed -n 's/^ *ASN1 OID: *//p' <<<"$text")
  umask 077
  if [[ -z $curve ]]; then
    try openssl genrsa -out "$ready/key" 4096
  else
    try openssl ecparam -name "$curve" -genkey -noout -out "$ready/key"
  fi
  umask 022
  names=$(grep -v '^CN *=' <<<"$names" | sed -e 's/[/+\\]/\\&/g' -e 's/^\([^= ]*\) *= */\/\1=/' | tr -d '\n')
  request "$ready/key" "$names/CN=$name" "$work/root.csr"
  make_root "$ready/key" "5$(openssl rand -hex 8 | cut -c 2-)" $((now - 86400)) "$1" hash
}

request() { # KEY SUBJECT FILE
  printf '[req]\ndistinguished_name = none\nstring_mask = %s\n[none]\n' "$ca_mask" >"$work/req.cnf" || die "$dir is full"
  try openssl req -new -utf8 -config "$work/req.cnf" -key "$1" -subj "$2" -out "$3"
}

# Of the files that $work/files names, those that verify, with nothing trusted but these.
good_with() { # TRUSTED ARGUMENTS
  SSL_CERT_DIR=/nonexistent SSL_CERT_FILE=/dev/null xargs -r -n 500 openssl verify -CAfile "$@" <"$work/files" 2>/dev/null |
    sed -n 's/: OK$//p'
}

shown() { # FILE with a serial in each line: the first few, and whose they are
  local number user
  while read -r number; do
    user=$(grep -a -m 1 "^V	[0-9]*Z		$number	" -- "$index")
    printf '%s of %s, ' "$number" "${user##*/CN=}"
  done < <(head -n 5 -- "$1")
  printf '%s in all' "$(wc -l <"$1")"
}

# Each certificate that is good today has to be good with the new file too.
try_all() { # MOST
  local state until number rest today own
  own=$(openssl x509 -in "$certificate" -noout -serial)
  printf -v today '%(%Y%m%d%H%M%SZ)T' "$now"
  # A valid one has no date of revocation, and `read` takes the two tabs around it for one.
  while IFS=$'\t' read -r state until number rest; do
    [[ $state == V && $number =~ ^[0-9A-F]+$ ]] || continue
    if ((${#until} == 13)); then
      case $until in [0-4]*) until=20$until ;; *) until=19$until ;; esac
    fi
    [[ $until > $today ]] || continue
    # A CA that was made with `openssl ca -selfsign` stands in its own index.
    if [[ $own == "serial=$number" && $(sum_of "$issued/$number.pem") == "${ca_sum:0:16}" ]]; then continue; fi
    if [[ -s $issued/$number.pem ]]; then echo "$issued/$number.pem" >&3; else echo "$number" >&4; fi
  done <"$index" 3>"$work/files" 4>"$work/untried"
  cp -- "$work/files" "$work/valid" || die "$dir is full"
  good_with "$work/trusted" -crl_check >"$work/good"
  grep -vxFf "$work/good" -- "$work/valid" >"$work/files"
  # With a CA that has ended: what was good on its last day.
  good_with "$certificate" -attime $((ca_end > now ? now : ca_end - 1)) | sed 's/.*\/\(.*\)\.pem$/\1/' >"$work/lost"
  if [[ -s $work/lost ]]; then
    die "nothing was changed: with the new certificate these would be turned away: $(shown "$work/lost")"
  fi
  sed 's/.*\/\(.*\)\.pem$/\1/' "$work/files" >>"$work/untried"
  if (($(wc -l <"$work/untried") > $1)); then
    die "nothing was changed: these cannot be tried, their file is gone or this CA did not sign them: $(shown "$work/untried")"
  fi
}

# What would be signed is tried too, as the CA's own file has it made; with an index of its own, it is signed nowhere.
try_probe() { # CERTIFICATE
  local with
  with=$(key_of "$1") || exit 1
  write_config
  printf 'database = %s\nserial = %s\nnew_certs_dir = %s\n' "$work/root.index" "$work/root.serial" "$work" >>"$work/ssl.cnf"
  : >"$work/root.index" && echo 7F00 >"$work/root.serial" || die "$dir is full"
  certificate=$1 key=$with ca -notext -utf8 -subj "$ca_name/CN=probe" -days 1 -in "$work/probe.csr" -out "$work/probe"
  echo "$work/probe" >"$work/files"
  [[ -n $(good_with "$work/trusted" -crl_check) ]] || die 'nothing was changed: what would be signed next does not verify'
}

renew() { # CA KEY DAYS CRLDAYS MOST
  local text one public own
  mend
  read_ca
  if [[ -e $certificate.${1:0:16} && $ca_sum != "$1" ]]; then
    echo 'renewed already'
    return
  fi
  check_ca "$1"
  write_config
  mkdir -m 700 -- "$ready" || die "$dir is full"
  text=$(openssl x509 -in "$certificate" -noout -text)
  public=$(openssl x509 -in "$certificate" -noout -pubkey)
  own=$(open_key "$key") || exit 1
  [[ $own == "$public" ]] || die "the key $dir/$key is not that of $dir/$certificate"
  if grep ': critical' <<<"$text" | grep -Evq 'X509v3 (Basic Constraints|Key Usage):'; then
    die 'its certificate has limits (critical extensions) that a new one would lose; renew it by hand'
  fi
  "$2_root" "$3"
  split "$certificate"
  # The renewed one stands for the first of the file; one with a new key before it.
  mv -- "$ready/root" "$ready/certificate" || die "$dir is full"
  for ((one = 0; one < roots; one++)); do
    if [[ $one == 0 && $2 == same ]]; then continue; fi
    openssl x509 -in "$work/root$one" >>"$ready/certificate" || die "$dir is full"
  done
  certificate=$ready/certificate make_crl "$4" "$ready/crl"
  cat -- "$ready/certificate" "$ready/crl" >"$work/trusted" || die "$dir is full"
  try_all "$5"
  try openssl ecparam -name prime256v1 -genkey -noout -out "$work/probe.key"
  request "$work/probe.key" /CN=probe "$work/probe.csr"
  for one in "$certificate" "$ready/certificate"; do try_probe "$one"; done
  echo "${1:0:16}" >"$ready/old" && chmod 644 -- "$ready/certificate" || die "$dir is full"
  for one in old certificate crl key; do
    if [[ -e $ready/$one ]]; then flush "$ready/$one"; fi
  done
  mv -- "$ready" .renewal || die "$dir cannot be written"
  finish
  echo "renewed with the $2 key"
}

[[ $# == 5 && $1 =~ ^[0-9a-f]{64}$ && $2 =~ ^(same|new)$ && $3 =~ ^[1-9][0-9]{1,4}$ && $4 =~ ^[1-9][0-9]{0,3}$ &&
  $5 =~ ^[0-9]{1,5}$ ]] || die 'takes: CA KEY DAYS CRLDAYS MOST, KEY same or new'
begin
ready=$work/ready
printf -v now '%(%s)T' -1
renew "$@"
