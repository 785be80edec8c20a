package main

import (
	"context"
	"fmt"

	"github.com/onyo-project/onyo/pkg/api"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// status is what people on shift must know: silence is visible (DESIGN §4, law
// 9).
func (h *house) status(ctx context.Context) (api.OpsStatus, error) {
	out := api.OpsStatus{Warnings: []api.Warning{}, Channels: []api.ChannelHealth{}}
	deployment, _, err := crisis.ReadDeployment(ctx, h.opened.store)
	if err != nil {
		return out, fmt.Errorf("read the deployment: %w", err)
	}
	out.KeyConfirmed = !deployment.KeyConfirmed.IsZero()
	if !out.KeyConfirmed && !h.demo { // a demo's key guards nothing
		out.Warnings = append(out.Warnings, api.Warning{Code: "key_unconfirmed",
			Text: "Nobody has confirmed that a copy of the key is kept elsewhere. If this disk dies, everything sealed is lost. Run: onyo key confirm"})
	}
	if out.Ledger.Size, err = h.opened.store.Size(ctx); err != nil {
		return out, fmt.Errorf("read the ledger's size: %w", err)
	}
	fares, err := h.host.Health(ctx)
	if err != nil {
		return out, err
	}
	for _, fare := range fares {
		row := api.ChannelHealth{Name: fare.Name, Kind: fare.Kind}
		if !fare.LastReceived.IsZero() {
			row.LastReceived = &fare.LastReceived
		}
		out.Channels = append(out.Channels, row)
		switch {
		case fare.Fault != "":
			out.Warnings = append(out.Warnings, api.Warning{Code: "channel_dead", Text: fmt.Sprintf("Channel %s cannot work: %s", fare.Name, fare.Fault)})
		case fare.Silent:
			out.Warnings = append(out.Warnings, api.Warning{Code: "channel_silent",
				Text: fmt.Sprintf("Nothing has come on channel %s since %s. Look at the provider, or send a test.", fare.Name, fare.LastReceived.UTC().Format("2 Jan 15:04 UTC"))})
		case fare.Runs && fare.RunningSince.IsZero() && fare.Problem != "":
			out.Warnings = append(out.Warnings, api.Warning{Code: "channel_stopped", Text: fmt.Sprintf("Channel %s does not run: %s", fare.Name, fare.Problem)})
		}
	}
	aside, err := h.opened.store.RetryList(ctx)
	if err != nil {
		return out, fmt.Errorf("list what was set aside: %w", err)
	}
	quarantined := 0
	for _, one := range aside {
		if one.Quarantined {
			quarantined++
		}
	}
	if quarantined > 0 {
		out.Warnings = append(out.Warnings, api.Warning{Code: "quarantine",
			Text: fmt.Sprintf("%d messages could not be read and wait for a person. See: onyo inbox ls", quarantined)})
	}
	for consumer, behind := range h.behind(ctx, out.Ledger.Size) {
		if behind > 5000 {
			out.Warnings = append(out.Warnings, api.Warning{Code: "consumer_behind", Text: fmt.Sprintf("%s is %d entries behind", consumer, behind)})
		}
	}
	return out, nil
}

// behind is how many ledger entries each consumer has yet to read.
func (h *house) behind(ctx context.Context, size uint64) map[string]uint64 {
	out := map[string]uint64{}
	for _, consumer := range []string{"intake", "triage"} {
		if next, err := h.opened.store.Cursor(ctx, consumer); err == nil && next < size {
			out[consumer] = size - next
		}
	}
	return out
}

// ready lists what is not ready yet: ready means maps and intake.
func (h *house) ready(ctx context.Context) []string {
	var missing []string
	if !h.loaded.Load() {
		missing = append(missing, "maps are loading")
	}
	if _, err := h.opened.store.Size(ctx); err != nil {
		missing = append(missing, "the database does not answer")
	}
	return missing
}

// gauges are the metrics.
func (h *house) gauges() map[string]float64 {
	ctx := context.Background()
	incidents, hotspots := h.ops.Map.Counts()
	public, publicHotspots := h.public.Map.Counts()
	out := map[string]float64{"ops_incidents": float64(incidents), "ops_hotspots": float64(hotspots), "ops_viewers": float64(h.ops.Hub.Viewers()),
		"public_incidents": float64(public), "public_hotspots": float64(publicHotspots), "public_viewers": float64(h.public.Hub.Viewers()),
		"public_batch_timestamp_seconds": float64(h.public.Map.At().Unix())}
	h.channelGauges(ctx, out)
	if size, err := h.opened.store.Size(ctx); err == nil {
		out["ledger_entries"] = float64(size)
		for consumer, behind := range h.behind(ctx, size) {
			out["consumer_behind_"+consumer] = float64(behind)
		}
	}
	return out
}

// channelGauges tell how each channel fares.
func (h *house) channelGauges(ctx context.Context, out map[string]float64) {
	fares, err := h.host.Health(ctx)
	if err != nil {
		return
	}
	for _, fare := range fares {
		label := `{channel="` + fare.Name + `"}`
		if !fare.LastReceived.IsZero() {
			out["channel_last_received_timestamp_seconds"+label] = float64(fare.LastReceived.Unix())
		}
		refused := 0
		for _, one := range fare.Refused {
			refused += one.Count
		}
		for name, value := range map[string]float64{"received_24h": float64(fare.Received), "refused_24h": float64(refused), "waiting": float64(fare.Waiting),
			"silent": oneIf(fare.Silent), "faulty": oneIf(fare.Fault != "" || fare.Runs && fare.RunningSince.IsZero())} {
			out["channel_"+name+label] = value
		}
	}
}

func oneIf(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
