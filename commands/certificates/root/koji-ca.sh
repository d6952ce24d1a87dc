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

# part: parts/authority.sh

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
    openssl x509 -in "$certificate" -noout -checkend 60 >/dev/null ||
      die "the CA has expired, so it signs nothing; 'ca renew' makes it good again"
    end=$(second_of "$certificate" end) || exit 1
    until=$(($(date +%s) + days * 86400))
    if ((until > end)); then until=$end; fi
    cp -- "$work/csr.pem" "$work/kept" && mv -f -- "$work/kept" "$name.csr" || die "$name.csr could not be written"
    ca -notext -utf8 -subj "$(own_name)/CN=$user" -outdir "$issued" -enddate "$(stamp "$until")" -in "$work/csr.pem" -out "$work/out"
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
  make_crl "$days" "$work/crl"
  publish "$work/crl" "so it still lets $number in"
  echo "revoked $number"
}

verb=${1-}
case "$verb $#" in 'sign 5' | 'revoke 5') shift ;; *) die 'takes: sign CA USER DAYS CSR, or revoke CA SERIAL REASON DAYS' ;; esac
begin
"$verb" "$@"
