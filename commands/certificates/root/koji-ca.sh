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

# shellcheck disable=SC2015,SC2154 # `a && b || die` is meant; what the part sets is not seen here
# part: parts/authority.sh

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
  # The CA's own file says what a certificate may do, and the request nothing. One that cannot be read counts as asking.
  if in_conf copy_extensions; then
    text=$(openssl req -in "$work/csr.pem" -noout -text) && [[ $text != *'Requested Extensions'* ]] ||
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
    ((ca_end > now + 60)) || die "the CA has expired, so it signs nothing; 'ca renew' makes it good again"
    until=$((now + days * 86400))
    if ((until > ca_end)); then until=$ca_end; fi
    cp -- "$work/csr.pem" "$work/kept" && mv -f -- "$work/kept" "$name.csr" || die "$name.csr could not be written"
    ca -notext -utf8 -subj "$ca_name/CN=$user" -outdir "$issued" -enddate "$(stamp "$until")" -in "$work/csr.pem" -out "$work/out"
    number=$(signed_for "$user" "$public")
    [[ -n $number ]] || die 'openssl signed it, and the index does not have it'
  fi
  flush "$issued/$number.pem"
  settle
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
  make_crl "$days" "$work/crl"
  publish "$work/crl" "so it still lets $number in"
  echo "revoked $number"
}

verb=${1-}
case "$verb $#" in 'sign 5' | 'revoke 5') shift ;; *) die 'takes: sign CA USER DAYS CSR, or revoke CA SERIAL REASON DAYS' ;; esac
begin
"$verb" "$@"
