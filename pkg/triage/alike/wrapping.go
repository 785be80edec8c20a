package alike

import "strings"

// body is the part of a text that is its sender's or was passed on, without what
// passing on puts around it: "RT @name:", "Fwd:", quotes, an ellipsis at the end.
func body(text string) (start, end int, cut bool) {
	end = len(strings.TrimRight(withoutLinks(text), " \t\r\n\"'”»"))
	for before := end; ; before = end {
		end = len(strings.TrimSuffix(strings.TrimSuffix(text[:end], "…"), "..."))
		if cut = cut || end < before; end == before {
			break
		}
	}
	for {
		start += len(text[start:]) - len(strings.TrimLeft(text[start:], " \t\r\n\"'“«:>*_-"))
		next := start + wrapper(text[start:])
		if next == start || next >= end {
			return min(start, end), end, cut
		}
		start = next
	}
}

// wrapper is how many bytes at the beginning say that a text was passed on.
func wrapper(text string) int {
	for _, word := range [...]string{"forwarded as received", "forwarded message", "forwarded", "fwd", "fw", "rt", "via", "rv", "tr", "wg"} {
		if len(text) <= len(word) || !strings.EqualFold(text[:len(word)], word) {
			continue
		}
		rest := strings.TrimLeft(text[len(word):], " ")
		name := 0
		if strings.HasPrefix(rest, "@") {
			name = strings.IndexAny(rest, " :\n")
		}
		switch {
		case name > 0:
			return len(text) - len(rest) + name
		case strings.HasPrefix(rest, ":"), len(word) > 10 && rest != "":
			return len(text) - len(rest)
		}
	}
	return 0
}

// withoutLinks blanks out links and names of accounts, byte for byte as long.
func withoutLinks(text string) string {
	if !strings.ContainsAny(text, "@:") && !strings.Contains(text, "www.") {
		return text
	}
	out := []byte(text)
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] > ' ' {
			end++
		}
		if part := text[start:end]; strings.Contains(part, "://") || strings.HasPrefix(part, "www.") || strings.HasPrefix(part, "@") {
			for i := start; i < end; i++ {
				out[i] = ' '
			}
		}
		start = end + 1
	}
	return string(out)
}
