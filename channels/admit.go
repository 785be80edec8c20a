package channels

import (
	"context"
	"mime"
	"net/http"
	"slices"
)

// MediaType is an exchange's type of body, lower case, and its parameters; ""
// where the header is missing or cannot be read.
func MediaType(header http.Header) (mediaType string, parameters map[string]string) {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return "", nil
	}
	return mediaType, parameters
}

// BodyLimit is how many bytes a body of this media type may have. The host reads
// no further.
func (k Kind) BodyLimit(mediaType string) int64 {
	if limit, own := k.Limits.TypeBytes[mediaType]; own {
		return limit
	}
	return k.Limits.BodyBytes
}

// Admit checks method, size and type before an adapter sees an exchange. The
// error is a *Refusal.
func (k Kind) Admit(method, mediaType string, bytes int64) error {
	switch {
	case !slices.Contains(k.Methods, method):
		return WrongMethod(k.Methods...)
	case bytes > 0 && !k.Accepts(mediaType):
		return WrongType(k.BodyTypes...)
	case bytes > k.BodyLimit(mediaType):
		return TooLarge("", k.BodyLimit(mediaType))
	}
	return nil
}

// Receive is how a host gives an exchange to an adapter of this kind: admitted,
// then authenticated and split.
func (k Kind) Receive(ctx context.Context, adapter Webhook, exchange Exchange) (Reception, error) {
	mediaType, _ := MediaType(exchange.Header)
	if err := k.Admit(exchange.Method, mediaType, int64(len(exchange.Body))); err != nil {
		return Reception{}, err
	}
	return adapter.Receive(ctx, exchange)
}
