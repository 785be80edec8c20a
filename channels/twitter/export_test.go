package twitter

import (
	"time"

	"github.com/onyo-project/onyo/channels"
)

// Polling is the kind with less time between two searches than X would bear.
func Polling(every time.Duration) channels.Kind {
	kind := Kind()
	kind.New = func(config channels.Config) (channels.Adapter, error) {
		made, err := newTwitter(config)
		if err == nil {
			made.(*twitter).poll = every
		}
		return made, err
	}
	return kind
}
