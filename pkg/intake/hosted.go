package intake

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Hosted is a kind with the settings that every channel has from its host.
func Hosted(kind channels.Kind) channels.Kind {
	own := []channels.Setting{}
	if !kind.Can.Anonymous {
		own = append(own, channels.Setting{Key: crisis.SettingSenderRate, Default: strconv.Itoa(crisis.DefaultSenderRate), Check: whole(0, 100_000),
			Help: "How many messages an hour of one sender are read at once. More are kept and read later, so that one phone cannot bury the others. 0 is no limit."})
	}
	own = append(own, channels.Setting{Key: crisis.SettingSilentAfter, Default: crisis.DefaultSilentAfter.String(), Check: duration,
		Help: "Say so when nothing came for this long, as 6h or 30m. 0 never does."})
	if kind.Can.Send || kind.Can.Collect {
		own = append(own,
			channels.Setting{Key: crisis.SettingReplies, Default: crisis.Off, Check: oneOf(crisis.Off, crisis.On),
				Help: "Whether people at the desk may answer on this channel: off or on. An answer on a phone that is taken away can endanger its owner."},
			channels.Setting{Key: crisis.SettingAcknowledge, Default: crisis.Off, Check: oneOf(crisis.Off, crisis.On, crisis.Card),
				Help: "What a new reporter is answered by itself: off; on, a neutral thank-you with the emergency sentence; card, the same with a link to a short form where a report has no place. Needs replies=on."},
			channels.Setting{Key: crisis.SettingReplyLimit, Default: strconv.Itoa(crisis.DefaultReplyLimit), Check: whole(0, 1_000_000),
				Help: "How many messages may be sent within 24 hours: a limit to what they cost."},
			channels.Setting{Key: crisis.SettingSendRate, Default: strconv.Itoa(crisis.DefaultSendRate), Check: whole(1, 60_000),
				Help: "How many messages may be sent a minute, as the provider allows."})
	}
	kind.Settings = slices.Concat(kind.Settings, own)
	return kind
}

// HostSetting says whether a setting is the host's, whatever the kind.
func HostSetting(key string) bool {
	return slices.Contains([]string{crisis.SettingSenderRate, crisis.SettingSilentAfter, crisis.SettingReplies, crisis.SettingAcknowledge,
		crisis.SettingReplyLimit, crisis.SettingSendRate}, key)
}

func whole(least, most int) func(string) error {
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
			return errors.New("write a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most))
		}
		return nil
	}
}

func duration(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < 0 {
		return errors.New("write a time as 90m or 24h")
	}
	return nil
}

func oneOf(values ...string) func(string) error {
	return func(value string) error {
		if slices.Contains(values, value) {
			return nil
		}
		list := ""
		for i, one := range values {
			if i > 0 {
				list += ", "
			}
			list += one
		}
		return errors.New("write one of: " + list)
	}
}
