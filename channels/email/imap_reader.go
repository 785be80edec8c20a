package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/channels"
)

const (
	// batchMails and batchBytes bound what is held in memory and accepted at once.
	batchMails = 50
	batchBytes = 16 << 20
	// checksAtOnce is how many mails' senders are looked up at the same time.
	checksAtOnce = 8
)

// imapReader is one connection to a mailbox.
type imapReader struct {
	box      *imapBox
	inlet    channels.Inlet
	conn     net.Conn
	client   *imapclient.Client
	news     chan struct{} // something changed in the mailbox
	at       imapCursor
	caughtUp bool
	refused  bool // the inlet refused: only the host can go on
}

// imapCursor is how far a mailbox is read. A mailbox that was made anew has
// another UIDVALIDITY, and is read from its beginning: what was in Onyo before
// has the same identity.
type imapCursor struct {
	Validity uint32   `json:"uidvalidity"`
	UID      imap.UID `json:"uid"`
}

// work reads until the connection ends.
func (r *imapReader) work(ctx context.Context) error {
	kept, err := r.inlet.Cursor(ctx)
	if err != nil {
		r.refused = true
		return fmt.Errorf("mailbox: read the cursor: %w", err)
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	defer r.close()
	stop := context.AfterFunc(ctx, func() { _ = r.conn.Close() })
	defer stop()
	var at imapCursor
	if json.Unmarshal(kept, &at) == nil && at.Validity == r.at.Validity {
		r.at = at
	}
	for {
		if err := r.catchUp(ctx); err != nil {
			return err
		}
		r.caughtUp = true
		if err := r.wait(ctx); err != nil {
			return err
		}
	}
}

// catchUp accepts all mail that came since the cursor.
func (r *imapReader) catchUp(ctx context.Context) error {
	select {
	case <-r.news:
	default:
	}
	waiting, err := r.newer()
	if err != nil {
		return err
	}
	for len(waiting) > 0 {
		taken, err := r.sized(waiting[:min(len(waiting), batchMails)])
		if err != nil {
			return err
		}
		if err := r.accept(ctx, taken); err != nil {
			return err
		}
		waiting = waiting[len(taken):]
	}
	return nil
}

// newer are the UIDs above the cursor, in order.
func (r *imapReader) newer() ([]imap.UID, error) {
	defer r.watch(commandTime)()
	found, err := r.client.UIDSearch(&imap.SearchCriteria{
		UID: []imap.UIDSet{{imap.UIDRange{Start: r.at.UID + 1, Stop: 0}}}}, nil).Wait()
	if err != nil {
		return nil, fmt.Errorf("mailbox: search: %w", err)
	}
	uids := slices.DeleteFunc(found.AllUIDs(), func(uid imap.UID) bool { return uid <= r.at.UID }) // "n:*" names the last one always
	slices.Sort(uids)
	return uids, nil
}

// listed is a mail that waits, and how large it is.
type listed struct {
	uid  imap.UID
	size int64
}

// sized cuts a batch to what fits in memory, at least one.
func (r *imapReader) sized(uids []imap.UID) (taken []listed, err error) {
	defer r.watch(commandTime)()
	sizes := map[imap.UID]int64{}
	list, err := r.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil && !answered(err) {
		return nil, fmt.Errorf("mailbox: sizes: %w", err)
	}
	for _, one := range list {
		sizes[one.UID] = one.RFC822Size
	}
	total := int64(0)
	for _, uid := range uids {
		size := min(sizes[uid], mailBytes)
		if total += size; len(taken) > 0 && total > batchBytes {
			break
		}
		taken = append(taken, listed{uid, sizes[uid]})
	}
	return taken, nil
}

// accept fetches a batch and hands it in with the cursor behind it.
func (r *imapReader) accept(ctx context.Context, batch []listed) error {
	bodies, err := r.fetch(batch)
	if err != nil {
		return err
	}
	splits := make([]channels.Split, len(batch))
	var lookups errgroup.Group
	lookups.SetLimit(checksAtOnce)
	for i, one := range batch {
		body, there := bodies[one.uid]
		if !there {
			continue
		}
		lookups.Go(func() error {
			found := checks(ctx, r.box.config.Resolver, body, origin{})
			splits[i] = r.box.split(body, found, nil)
			return nil
		})
	}
	_ = lookups.Wait() // none fails
	for i, one := range batch {
		if _, there := bodies[one.uid]; !there && one.size > 0 {
			splits[i] = r.unreadable(one.uid)
		}
	}
	splits = slices.DeleteFunc(splits, func(split channels.Split) bool { return split.ProviderID == "" }) // gone meanwhile
	next := imapCursor{r.at.Validity, batch[len(batch)-1].uid}
	cursor, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("mailbox: write the cursor: %w", err)
	}
	if ctx.Err() != nil {
		return ctx.Err() // lookups that were cut short would be kept
	}
	if err := r.inlet.Accept(ctx, splits, cursor); err != nil {
		r.refused = true
		return fmt.Errorf("mailbox: accept: %w", err)
	}
	r.at = next
	r.box.config.Log.Debug("mailbox: accepted", "channel", r.box.config.Name, "mails", len(splits), "uid", next.UID)
	r.mark(batch)
	return nil
}

// unreadable stands for a mail that is listed and that the server cannot give.
func (r *imapReader) unreadable(uid imap.UID) channels.Split {
	body := fmt.Appendf(nil, "UIDVALIDITY %d UID %d", r.at.Validity, uid)
	return channels.UnparsedSplit(channels.Pack(nil, body), body, "unreadable_at_server")
}

// mark sets \Seen where the channel says so. That it fails loses nothing.
func (r *imapReader) mark(batch []listed) {
	if r.box.config.Settings["after"] != "seen" {
		return
	}
	defer r.watch(commandTime)()
	var uids imap.UIDSet
	for _, one := range batch {
		uids.AddNum(one.uid)
	}
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	if err := r.client.Store(uids, seen, nil).Close(); err != nil {
		r.box.config.Log.Warn("mailbox: cannot mark mail as read", "channel", r.box.config.Name, "reason", faultCode(err))
	}
}

// fetch brings the bodies of a batch without marking them as read; of what is
// over the limit its beginning. When the server fails at the batch, it is asked
// for one after the other, so that one bad mail holds up no other.
func (r *imapReader) fetch(batch []listed) (map[imap.UID][]byte, error) {
	bodies := map[imap.UID][]byte{}
	var whole imap.UIDSet
	var alone []imap.UID
	for _, one := range batch {
		if one.size > mailBytes {
			alone = append(alone, one.uid)
		} else {
			whole.AddNum(one.uid)
		}
	}
	if len(whole) > 0 {
		if err := r.fetchInto(bodies, whole, nil); answered(err) {
			alone = nil
			for _, one := range batch {
				alone = append(alone, one.uid)
			}
		} else if err != nil {
			return nil, err
		}
	}
	for _, uid := range alone {
		err := r.fetchInto(bodies, imap.UIDSetNum(uid), &imap.SectionPartial{Offset: 0, Size: mailBytes})
		if err != nil && !answered(err) {
			return nil, err
		}
	}
	return bodies, nil
}

func (r *imapReader) fetchInto(bodies map[imap.UID][]byte, uids imap.UIDSet, partial *imap.SectionPartial) error {
	defer r.watch(transferTime)()
	command := r.client.Fetch(uids, &imap.FetchOptions{UID: true,
		BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: partial}}})
	for message := command.Next(); message != nil; message = command.Next() {
		var uid imap.UID
		var body []byte
		for item := message.Next(); item != nil; item = message.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				uid = item.UID
			case imapclient.FetchItemDataBodySection:
				if item.Literal == nil {
					continue
				}
				read, err := io.ReadAll(io.LimitReader(item.Literal, mailBytes))
				if err != nil {
					_ = command.Close() // the connection is gone
					return fmt.Errorf("mailbox: read a mail: %w", err)
				}
				body = read
			}
		}
		if uid != 0 && body != nil {
			bodies[uid] = body
		}
	}
	if err := command.Close(); err != nil {
		return fmt.Errorf("mailbox: fetch: %w", err)
	}
	return nil
}

// wait returns when there may be new mail: told by the server, or after a while.
func (r *imapReader) wait(ctx context.Context) error {
	idles := r.client.Caps().Has(imap.CapIdle)
	after := r.box.poll
	var idle *imapclient.IdleCommand
	if idles {
		after = max(after, idleCheck)
		done := r.watch(commandTime)
		var err error
		idle, err = r.client.Idle()
		done()
		if err != nil {
			return fmt.Errorf("mailbox: idle: %w", err)
		}
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-r.news:
	case <-timer.C:
	case <-r.client.Closed():
	case <-ctx.Done():
	}
	defer r.watch(commandTime)()
	if idle == nil {
		if err := r.client.Noop().Wait(); err != nil {
			return fmt.Errorf("mailbox: look: %w", err)
		}
		return nil
	}
	if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
		return fmt.Errorf("mailbox: idle: %w", err)
	}
	return nil
}
