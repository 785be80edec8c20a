package chat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// telegramFiles are the files that a message may carry.
type telegramFiles struct {
	Photo     []telegramPhoto `json:"photo"`
	Animation *telegramFile   `json:"animation"`
	Document  *telegramFile   `json:"document"`
	Video     *telegramFile   `json:"video"`
	VideoNote *telegramFile   `json:"video_note"`
	Voice     *telegramFile   `json:"voice"`
	Audio     *telegramFile   `json:"audio"`
	Sticker   *telegramFile   `json:"sticker"`
}

// telegramFile is known by UniqueID for ever and fetched by ID.
type telegramFile struct {
	ID       string `json:"file_id"`
	UniqueID string `json:"file_unique_id"`
	Size     int64  `json:"file_size"`
	Name     string `json:"file_name"`
	Type     string `json:"mime_type"`
}

type telegramPhoto struct {
	telegramFile
	Width  int64 `json:"width"`
	Height int64 `json:"height"`
}

const telegramScheme = "telegram:"

// media lists them. A file that is too large to be fetched is listed too: what
// was not seen must be known.
func (f telegramFiles) media() []channels.Media {
	var found []channels.Media
	add := func(file *telegramFile, contentType string) {
		if file == nil || file.ID == "" {
			return
		}
		if file.Type != "" {
			contentType = channels.Clean(file.Type)
		}
		ref := file.UniqueID
		if ref == "" {
			ref = file.ID
		}
		found = append(found, channels.Media{Ref: channels.Clean(ref), URL: telegramScheme + channels.Clean(file.ID),
			ContentType: contentType, Name: channels.Clean(file.Name)})
	}
	add(largest(f.Photo), "image/jpeg")
	add(f.Animation, "video/mp4")
	if f.Animation == nil { // else the same file once more
		add(f.Document, "")
	}
	add(f.Video, "video/mp4")
	add(f.VideoNote, "video/mp4")
	add(f.Voice, "audio/ogg")
	add(f.Audio, "audio/mpeg")
	add(f.Sticker, "image/webp")
	return found
}

// largest is the best picture that can be fetched of those that Telegram made of
// one; the smallest where none can.
func largest(sizes []telegramPhoto) *telegramFile {
	var best *telegramPhoto
	for i := range sizes {
		one := &sizes[i]
		switch {
		case one.ID == "":
		case best == nil, best.Size > fileBytes && one.Size < best.Size,
			one.Size <= fileBytes && one.area() > best.area():
			best = one
		}
	}
	if best == nil {
		return nil
	}
	return &best.telegramFile
}

// area orders pictures; sides are bounded so that it cannot overflow.
func (p *telegramPhoto) area() int64 {
	return min(max(p.Width, 0), 1<<20) * min(max(p.Height, 0), 1<<20)
}

var (
	fileIDShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,512}$`)
	errNoFile   = errors.New("telegram: no file of Telegram's")
)

// MediaRequest asks Telegram where a file lies and makes the request for it. The
// answer's URL holds the bot token and lives an hour: it is never kept.
// Source: https://core.telegram.org/bots/api#getfile
func (t *telegram) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	id, ours := strings.CutPrefix(media.URL, telegramScheme)
	if !ours || !fileIDShape.MatchString(id) {
		return nil, errNoFile
	}
	var file struct {
		Path string `json:"file_path"`
	}
	if fault := t.ask(ctx, "getFile", map[string]string{"file_id": id}, &file); fault != nil {
		return nil, fmt.Errorf("telegram: where a file lies: %w", fault)
	}
	path, err := filePath(file.Path)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.api+"/file/bot"+t.token.Current()+"/"+path, nil)
	if err != nil {
		return nil, errNoFile // its own words hold the URL
	}
	return request, nil
}

// filePath escapes a path and refuses one that leads out of the bot's files, as a
// Bot API server with local files gives.
func filePath(path string) (string, error) {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return "", errNoFile
		}
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/"), nil
}
