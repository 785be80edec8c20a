package chat

import (
	"time"

	"github.com/onyo-project/onyo/channels"
)

// LookAfter sets how often a Telegram channel looks after its webhook.
func LookAfter(adapter channels.Adapter, every time.Duration) { adapter.(*telegram).look = every }
