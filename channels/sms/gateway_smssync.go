package sms

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/onyo-project/onyo/channels"
)

// SMSSync takes so many messages at once, and is asked about so many: Android lets
// an app send about thirty in half an hour.
const smsSyncSends, smsSyncAsks = 20, 100

// smsSyncMost is how many receipts one exchange may bring: far more than were asked
// for is kept as it came.
const smsSyncMost = 1000

// task answers what SMSSync asks by itself: messages to send, and what became of
// them. It reports only on those it is asked about, so that its question "result"
// is answered with those of which nothing is known yet.
// Source: http://smssync.ushahidi.com/developers/
func (g *gateway) task(task string, exchange channels.Exchange, came arrival) channels.Reception {
	asks := exchange.Method == http.MethodGet
	switch {
	case task == "send":
		return collect(channels.Collect{Max: smsSyncSends, Answer: g.toSend})
	case task == "result" && asks:
		return collect(channels.Collect{Max: smsSyncAsks, Awaited: true, Answer: g.toReport})
	case (task == "sent" || task == "result") && !asks:
		return g.receipts(task, came)
	}
	raw := packExchange(exchange)
	return channels.Reception{Messages: []channels.Split{channels.UnparsedSplit(raw, came.bytes, "unknown_task")}, Answer: g.preset.ok()}
}

func collect(c channels.Collect) channels.Reception {
	return channels.Reception{Collect: &c, Answer: c.Answer(nil)}
}

// toSend hands messages over. The app sends nothing unless its own secret stands in
// the answer.
func (g *gateway) toSend(waiting []channels.Outbound) channels.Answer {
	type out struct {
		To      string `json:"to"`
		Message string `json:"message"`
		UUID    string `json:"uuid"`
	}
	messages := []out{}
	for _, m := range waiting {
		messages = append(messages, out{m.To.Value, m.Text, m.ID})
	}
	return jsonAnswer(map[string]any{"payload": map[string]any{"task": "send", "success": true, "error": nil,
		"secret": g.secret.Current(), "messages": messages}})
}

func (g *gateway) toReport(awaited []channels.Outbound) channels.Answer {
	ids := []string{}
	for _, m := range awaited {
		ids = append(ids, m.ID)
	}
	return jsonAnswer(map[string]any{"message_uuids": ids})
}

func jsonAnswer(value any) channels.Answer {
	body, _ := json.Marshal(value) // strings, lists and maps of them
	return channels.Answer{Status: http.StatusOK, ContentType: jsonType, Body: body}
}

// receipts splits what became of messages, one split each. The app writes its list
// as JSON, or as JSON in a string.
func (g *gateway) receipts(task string, came arrival) channels.Reception {
	var body struct {
		Queued  []json.RawMessage `json:"queued_messages"`
		Results json.RawMessage   `json:"message_result"`
	}
	items := []json.RawMessage{}
	err := json.Unmarshal(came.bytes, &body)
	if task == "sent" {
		items = body.Queued
	} else if err == nil && len(body.Results) > 0 {
		var inner string
		if json.Unmarshal(body.Results, &inner) == nil {
			body.Results = json.RawMessage(inner)
		}
		err = json.Unmarshal(body.Results, &items)
	}
	if err != nil || len(items) > smsSyncMost {
		raw := channels.Pack(map[string]string{"type": jsonType}, came.bytes)
		return channels.Reception{Messages: []channels.Split{channels.UnparsedSplit(raw, came.bytes, "bad_receipts")}, Answer: g.toReport(nil)}
	}
	var splits []channels.Split
	taken := []channels.Outbound{}
	for _, item := range items {
		raw := channels.Pack(map[string]string{"task": task}, item)
		message, why := arrival{task: task, item: item}.receipt()
		if why != "" {
			splits = append(splits, channels.UnparsedSplit(raw, item, why))
			continue
		}
		splits, taken = append(splits, splitOf(message, raw)), append(taken, channels.Outbound{ID: message.Status.Of})
	}
	return channels.Reception{Messages: splits, Answer: g.toReport(taken)}
}

// receipt is what became of one message: the phone's queue has it, or the network's
// answer. Codes are Android's; a delivery counts only with the word that goes with
// it, because the app leaves its code at 0 where there was none.
func (a arrival) receipt() (m channels.Message, why string) {
	var result struct {
		UUID             string `json:"uuid"`
		SentCode         int    `json:"sent_result_code"`
		DeliveredCode    int    `json:"delivered_result_code"`
		DeliveredMessage string `json:"delivered_result_message"`
	}
	state, code := channels.Queued, ""
	switch a.task {
	case "sent":
		if json.Unmarshal(a.item, &result.UUID) != nil {
			return m, "bad_receipt"
		}
	case "result":
		if json.Unmarshal(a.item, &result) != nil {
			return m, "bad_receipt"
		}
		switch {
		case result.SentCode > 0:
			state, code = channels.Undelivered, strconv.Itoa(result.SentCode)
		case result.DeliveredCode == 0 && result.DeliveredMessage != "":
			state = channels.Delivered
		case result.DeliveredCode > 0:
			state, code = channels.Undelivered, strconv.Itoa(result.DeliveredCode)
		default:
			state = channels.SentOn
		}
	default:
		return m, "unknown_task"
	}
	if result.UUID == "" {
		return m, "no_message_id"
	}
	of := atID(result.UUID)
	return channels.Message{ProviderID: of + "/" + string(state), Nature: channels.Delivery,
		Status: &channels.Status{Of: of, State: state, Code: code}}, ""
}
