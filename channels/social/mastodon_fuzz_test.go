package social_test

import (
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/social"
)

// judge holds for whatever a runner may come to store: it reads back as it was
// split, or says why it cannot be read.
func judge(t *testing.T, adapter channels.Adapter, raw []byte) {
	t.Helper()
	messages, err := adapter.Parse(raw)
	if err != nil || len(messages) == 0 {
		return
	}
	m := messages[0]
	split := channels.Split{ProviderID: m.ProviderID, Alias: m.Alias, Digest: m.Digest(), Raw: raw, Nature: m.Nature, From: m.From}
	if err := channeltest.JudgeSplit(adapter, split); err != nil {
		t.Fatal(err)
	}
	if m.Supersedes == m.ProviderID || m.Deletes == m.ProviderID {
		t.Fatal("a message is about itself")
	}
	if len(m.Text) > 4*len(raw)+100 {
		t.Fatal("more text than there was")
	}
	if place := m.Location; place != nil && !inRange(place) {
		t.Fatalf("a place out of range: %+v", *place)
	}
}

func inRange(l *channels.Location) bool {
	degrees := func(lon, lat float64) bool { return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90 }
	if l.Point != nil && !(degrees(l.Point.Lon, l.Point.Lat) && l.Point.AccuracyM >= 0) {
		return false
	}
	return l.Box == nil || degrees(l.Box[0], l.Box[1]) && degrees(l.Box[2], l.Box[3]) && l.Box[1] <= l.Box[3]
}

func FuzzMastodon(f *testing.F) {
	f.Add("post", golden(f, "mastodon_status.json"))
	f.Add("edit", []byte(`{"id":"1","uri":"a","visibility":"public","edited_at":"2026-03-01T12:00:00+14:00","content":"<p>a<br>\u0000\ud800"}`))
	f.Add("delete", []byte("116000000000000001"))
	f.Add("post", []byte(`{"id":"1","uri":"a\u0000","visibility":"public","content":"<script>x</script><p>","media_attachments":[{"id":"../","description":"\t"}]}`))
	adapter := made(f, social.Mastodon(), map[string]string{"api_url": "https://social.example", "hashtags": "flood"},
		map[string]string{"access_token": mastodonToken})
	f.Fuzz(func(t *testing.T, as string, data []byte) {
		judge(t, adapter, mastodonRaw(as, data))
		judge(t, adapter, data)
	})
}
