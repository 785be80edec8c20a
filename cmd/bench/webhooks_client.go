package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onyo-project/onyo/channels/sms"
)

// What client and server have agreed on, as Twilio and its customer do.
const (
	hookChannel   = "twilio-main"
	hookPath      = "/hooks/" + hookChannel
	hookPublicURL = "https://onyo.example" + hookPath
	hookAccount   = "AC00000000000000000000000000000000"
	hookToken     = "12345678901234567890123456789012"
)

// sendWebhooks is the client process. Each line on standard input is an address
// and the number of a first message; it makes that many signed requests, sends
// them over kept-alive connections and answers with how many nanoseconds they
// took from the first byte sent to the last one read.
func sendWebhooks(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("webhooks-client", flag.ContinueOnError)
	connections := flags.Int("connections", 32, "how many connections")
	n := flags.Int("requests", 20_000, "how many requests each time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var address string
		var first int
		if _, err := fmt.Sscan(lines.Text(), &address, &first); err != nil {
			return fmt.Errorf("read what to send: %w", err)
		}
		requests := make([][]byte, *n)
		for i := range requests {
			requests[i] = signedWebhook(first + i)
		}
		took, err := send(address, *connections, requests)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, took.Nanoseconds()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// signedWebhook is one text message as Twilio posts it.
// Source: https://www.twilio.com/docs/messaging/guides/webhook-request
func signedWebhook(number int) []byte {
	sid := fmt.Sprintf("SM%032x", number)
	from := fmt.Sprintf("+2547%08d", number%5000)
	form := url.Values{
		"ToCountry": {"KE"}, "ToState": {""}, "SmsMessageSid": {sid}, "NumMedia": {"0"}, "ToCity": {""}, "FromZip": {""},
		"SmsSid": {sid}, "FromState": {""}, "SmsStatus": {"received"}, "FromCity": {""}, "FromCountry": {"KE"},
		"Body":        {fmt.Sprintf("Water is over the road at Kibera DC, house %d, two people on the roof. Maji yamefika mlangoni.", number)},
		"To":          {"+15005550006"},
		"ToZip":       {""},
		"NumSegments": {"1"}, "MessageSid": {sid}, "AccountSid": {hookAccount}, "From": {from}, "ApiVersion": {"2010-04-01"},
	}
	body := form.Encode()
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: onyo.example\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"+
		"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nX-Twilio-Signature: %s\r\nI-Twilio-Idempotency-Token: %s\r\nContent-Length: %d\r\n\r\n%s",
		hookPath, sms.Sign(hookToken, hookPublicURL, form), sid, len(body), body)
	return b.Bytes()
}

// send deals the requests out to the connections. Every answer must be 200.
func send(address string, connections int, requests [][]byte) (time.Duration, error) {
	conns := make([]net.Conn, connections)
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		conns[i] = conn
	}
	var next atomic.Int64
	var group sync.WaitGroup
	faults := make([]error, connections)
	start := time.Now()
	for i, conn := range conns {
		group.Go(func() {
			answers := bufio.NewReader(conn)
			for faults[i] == nil {
				at := next.Add(1) - 1
				if at >= int64(len(requests)) {
					return
				}
				faults[i] = exchange(conn, answers, requests[at])
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	for _, err := range faults {
		if err != nil {
			return 0, err
		}
	}
	return took, nil
}

func exchange(conn net.Conn, answers *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "<Response") {
		return fmt.Errorf("answered %s: %s", answer.Status, body)
	}
	return nil
}
