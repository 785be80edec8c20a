package email

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"mime"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"blitiri.com.ar/go/spf"
	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-msgauth/dmarc"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/onyo-project/onyo/channels"
)

const (
	// checkTime bounds all checks of one mail; what is not known by then is a
	// temperror.
	checkTime = 5 * time.Second
	// maxSignatures bounds how many DKIM signatures of one mail are looked at.
	maxSignatures = 5
)

// The results of RFC 8601 that are used here.
const (
	resultNone      = "none"
	resultPass      = "pass"
	resultFail      = "fail"
	resultPolicy    = "policy"
	resultTempError = "temperror"
	resultPermError = "permerror"
)

// origin is what an SMTP conversation told about a mail. Client is nil where the
// mail did not come straight from its sender, as from a mailbox: then SPF can
// say nothing.
type origin struct {
	Client     net.IP
	Helo, From string // From is the envelope's, without brackets; empty for bounces
}

// checks asks the DNS what a mail's claims about its sender are worth, for
// Message.Checks. It looks at the mail as it came and believes nothing that is
// written in it about earlier checks (Authentication-Results). It takes at most
// five seconds and never fails: what could not be found out is "temperror".
//
//   - "spf": may the client send for the envelope's domain (RFC 7208)? Missing
//     where there was no client. It says nothing about the author.
//   - "dkim": did the author's domain, or one of the same organisation, sign this
//     mail (RFC 6376)? Signatures of other domains alone are "policy".
//   - "dmarc": pass where the author's domain has a policy and SPF or DKIM passes
//     for it (RFC 7489); none where it has no policy.
func checks(ctx context.Context, resolver channels.Resolver, raw []byte, from origin) map[string]string {
	if resolver == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	spfResult := make(chan string, 1)
	go func() { spfResult <- checkSPF(ctx, resolver, from) }()
	author := authorDomain(raw)
	signers, signed := checkDKIM(ctx, resolver, raw)
	found := map[string]string{"dkim": signed}
	if signed == resultPass && !aligned(author, signers, false) {
		found["dkim"] = resultPolicy
	}
	sender := ""
	if result := <-spfResult; result != "" {
		found["spf"] = result
		if result == resultPass {
			sender = spfDomain(from)
		}
	}
	found["dmarc"] = checkDMARC(ctx, resolver, author, signers, sender)
	if found["dmarc"] == resultFail && (signed == resultTempError || found["spf"] == resultTempError) {
		found["dmarc"] = resultTempError // what is not known yet might have passed
	}
	return found
}

func checkSPF(ctx context.Context, resolver channels.Resolver, from origin) string {
	if from.Client == nil {
		return ""
	}
	if spfDomain(from) == "" {
		return resultNone
	}
	result, _ := spf.CheckHostWithSender(from.Client, from.Helo, from.From,
		spf.WithContext(ctx), spf.WithResolver(resolver)) // the result says it all
	return string(result)
}

// spfDomain is the domain that SPF speaks of: the envelope sender's, or the
// client's own name where there is none.
func spfDomain(from origin) string {
	if _, domain, found := strings.Cut(from.From, "@"); found {
		return hostName(domain)
	}
	return hostName(from.Helo)
}

// checkDKIM gives the domains whose signatures hold, and what to say of all
// signatures together.
func checkDKIM(ctx context.Context, resolver channels.Resolver, raw []byte) (signers []string, result string) {
	verified, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		LookupTXT: lookup(ctx, resolver), MaxVerifications: maxSignatures})
	if err != nil && len(verified) == 0 {
		return nil, resultPermError // its headers have no end
	}
	result = resultNone
	for _, v := range verified {
		switch {
		case v == nil:
			continue
		case v.Err == nil:
			if domain := hostName(v.Domain); domain != "" {
				signers = append(signers, domain)
			}
		case dkim.IsTempFail(v.Err):
			result = resultTempError
		case result == resultNone && dkim.IsPermFail(v.Err):
			result = resultPermError
		case result != resultTempError:
			result = resultFail
		}
	}
	if len(signers) > 0 {
		result = resultPass
	}
	return signers, result
}

// checkDMARC looks for the policy of the author's domain, then of its
// organisation's, and whether one of the domains that passed is in line with it.
func checkDMARC(ctx context.Context, resolver channels.Resolver, author string, signers []string, sender string) string {
	if author == "" {
		return resultPermError
	}
	options := &dmarc.LookupOptions{LookupTXT: lookup(ctx, resolver)}
	record, err := dmarc.LookupWithOptions(author, options)
	if err == dmarc.ErrNoPolicy && organisation(author) != author { //nolint:errorlint // returned as it is
		record, err = dmarc.LookupWithOptions(organisation(author), options)
	}
	switch {
	case err == dmarc.ErrNoPolicy: //nolint:errorlint // returned as it is
		return resultNone
	case dmarc.IsTempFail(err):
		return resultTempError
	case err != nil:
		return resultPermError
	case aligned(author, signers, record.DKIMAlignment == dmarc.AlignmentStrict),
		sender != "" && aligned(author, []string{sender}, record.SPFAlignment == dmarc.AlignmentStrict):
		return resultPass
	}
	return resultFail
}

// lookup asks for no name that a mail's author made up and the DNS cannot have.
func lookup(ctx context.Context, resolver channels.Resolver) func(string) ([]string, error) {
	return func(name string) ([]string, error) {
		if !plausible(name) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}
		return resolver.LookupTXT(ctx, name)
	}
}

func plausible(name string) bool {
	if len(name) > 253 {
		return false
	}
	for _, label := range strings.Split(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return true
}

// aligned says whether one of the domains is the author's or, unless strict, of
// the same organisation.
func aligned(author string, domains []string, strict bool) bool {
	for _, domain := range domains {
		if author != "" && (domain == author || !strict && organisation(domain) == organisation(author)) {
			return true
		}
	}
	return false
}

// organisation is the part of a domain that its owner registered.
func organisation(domain string) string {
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registered
	}
	return domain
}

// hostName is a domain as the DNS has it, "" for what cannot be one.
func hostName(domain string) string {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if err != nil || !plausible(ascii) {
		return ""
	}
	return strings.ToLower(ascii)
}

// authorDomain is the domain of the one author in the one From field. It is ""
// where there are several, or where what a signature covers might be another
// field than the one that is shown.
func authorDomain(raw []byte) string {
	header, _ := cutHeader(bytes.TrimLeft(raw, "\r\n"), ofMail)
	shown := authorOf(header.Values("From"))
	var fields []string
	reader := textproto.NewReader(bufio.NewReader(bytes.NewReader(raw[:min(len(raw), maxHeader)])))
	for {
		line, err := reader.ReadContinuedLine()
		if err != nil || line == "" {
			break
		}
		if strings.ContainsAny(line, "\r\x00") {
			return ""
		}
		if key, value, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(key), "From") {
			fields = append(fields, value)
		}
	}
	if authorOf(fields) != shown {
		return ""
	}
	return shown
}

// authorOf is the same for the values of all From fields.
func authorOf(fields []string) string {
	if len(fields) != 1 {
		return ""
	}
	anyCharset := mime.WordDecoder{CharsetReader: func(_ string, in io.Reader) (io.Reader, error) { return in, nil }}
	author, err := (&mail.AddressParser{WordDecoder: &anyCharset}).Parse(fields[0])
	if err != nil {
		return ""
	}
	return hostName(domainOf(author.Address))
}
