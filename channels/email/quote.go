package email

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// maxSignature is how many lines after "-- " still are a signature.
	maxSignature = 15
	// maxLines is how far down quotations are looked for.
	maxLines = 20_000
	// maxAttribution is how long "On … wrote:" may be, over up to three lines.
	maxAttribution = 300
)

var (
	// wrotePat: "On Mon, 1 Mar 2026 at 10:00, Ana <ana@example.org> wrote:".
	wrotePat = regexp.MustCompile(`(?i)(\bwrote|\ba écrit|\bschrieb|\bescribió|\bescreveu|\bha scritto|\bschreef|\bskrev|\bkirjoitti|\bnapisał|\bnapísal|\bnapsal|írta|\ba scris|\byazdı|\bmenulis|\bsumulat|\baliandika|\bameandika|\bekri|написал|пише|писал|написав|έγραψε|ले लेख्नुभयो|ने लिखा|كتب|نوشت|כתב|写道|寫道|のメッセージ|のメール|님이 작성|đã viết|เขียน)[^:：]{0,120}[:：]$`)
	// beginPat: how such a sentence begins that goes on in the next line.
	beginPat = regexp.MustCompile(`(?i)^\s*(on|am|le|el|em|il|op|den|dne|dnia|w dniu|pe|pada|noong|siku|ma|в|στις|vào|\d).*\d|\d{4}`)
	// addressedPat: "2026年3月1日 10:00 Ana <ana@example.org>:".
	addressedPat = regexp.MustCompile(`\d.*<[^<>\s]+@[^<>\s]+>\s*[:：]$`)

	originalPat = regexp.MustCompile(`(?i)^[>\s]*[-_=]{2,}\s*(original message|original e-?mail|original appointment|ursprüngliche nachricht|original-nachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht|originalmeddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna|původní zpráva|eredeti üzenet|orijinal mesaj|pesan asli|исходное сообщение|оригинальное сообщение|пересланное сообщение|الرسالة الأصلية|原始邮件|邮件原件|原始郵件|元のメッセージ|원본 메시지)\s*[-_=]{2,}\s*$`)
	passedPat   = regexp.MustCompile(`(?i)^\s*([-_=]{2,}\s*(forwarded message|forwarded by .*|weitergeleitete nachricht|message transféré|mensaje reenviado|mensagem encaminhada|messaggio inoltrato|doorgestuurd bericht|пересылаемое сообщение|رسالة معاد توجيهها|转发的邮件|転送メッセージ)\s*[-_=]*|begin forwarded message:|anfang der weitergeleiteten nachricht:|début du message transféré\s*:|inicio del mensaje reenviado:)\s*$`)

	// fromPat and fieldPat: the header that Outlook writes above what it quotes.
	fromPat  = regexp.MustCompile(`(?i)^\s*\*?(from|von|de|da|van|från|fra|lähettäjä|od|feladó|kimden|gönderen|dari|kutoka|от|від|من|از|发件人|寄件者|差出人|보낸 사람)\s*[:：]\*?\s*\S`)
	fieldPat = regexp.MustCompile(`(?i)^\s*\*?(sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado( el)?|fecha|para|asunto|assunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne|sendt|til|emne|lähetetty|päiväys|vastaanottaja|aihe|wysłano|do|temat|odesláno|komu|předmět|küldve|címzett|tárgy|tarih|kime|konu|dikirim|tanggal|kepada|perihal|ilitumwa|kwa|mada|отправлено|дата|кому|тема|надіслано|تاريخ الإرسال|التاريخ|إلى|الموضوع|تاریخ|به|موضوع|发送时间|日期|收件人|主题|主旨|送信日時|日時|宛先|件名|보낸 날짜|받는 사람|제목)\s*[:：]\*?(\s|$)`)

	devicePat = regexp.MustCompile(`(?i)^\s*(sent from (my |mail for |outlook|yahoo|proton|gmail|samsung)|get outlook for|sent via |von meinem .{1,60} gesendet|gesendet (von|mit) |diese nachricht wurde von meinem|envoyé (de mon|depuis|à partir)|télécharger outlook|enviado (desde|do|de) (mi|meu|o )|obtener outlook|obter o outlook|inviato da|verstuurd vanaf|verzonden vanaf|skickat från|sendt fra|lähetetty |wysłane z|odesláno z|trimis de pe|.{0,20}(iphone|android|ipad)['’]?\S{0,6} (telefonumdan )?gönderildi|dikirim dari|imetumwa kutoka|отправлено (с|из) |надіслано з |أُرسلت من|أرسلت من|مرسل من|发自我的|發自我的|从我的.{0,20}发送|.{0,20}から送信|.{0,20}에서 보냄)`)
)

// foldQuotes takes off a text what its sender repeated of somebody else's words
// and what stands below every mail: quoted lines, the header or the sentence
// above them, signatures. Every line is in said or in quoted, in order. answers
// is whether the mail is an answer: only then are quoted lines certain to be such
// without a sentence above them. What a mail passes on is what it says.
func foldQuotes(text string, answers, forwards bool) (said, quoted string) {
	f := folding{lines: strings.Split(text, "\n"), answers: answers}
	f.away = make([]bool, len(f.lines))
	end := f.quotes(forwards)
	f.signature(end)
	var kept, folded []string
	for i, line := range f.lines {
		if f.away[i] {
			folded = append(folded, line)
		} else {
			kept = append(kept, line)
		}
	}
	if len(folded) == 0 {
		return text, ""
	}
	return strings.Trim(strings.TrimRight(strings.Join(kept, "\n"), " \t\n"), "\n"), strings.Join(folded, "\n")
}

// folding is a text whose lines are gone through from the top.
type folding struct {
	lines   []string
	away    []bool // per line: folded away
	answers bool
}

// quotes folds quotations; it gives the line at which the sender's own words
// end.
func (f *folding) quotes(forwards bool) (end int) {
	for i := 0; i < len(f.lines) && i < maxLines; i++ {
		line := f.line(i)
		ruled := strings.ContainsAny(line[:min(len(line), 4)], "-_=>")
		switch {
		case (ruled || strings.HasSuffix(line, ":")) && passedPat.MatchString(line):
			return i
		case ruled && originalPat.MatchString(line), !forwards && f.header(i):
			f.fold(i, len(f.lines))
			return i
		case f.isQuoted(i) && f.answers:
			f.away[i] = true
		default:
			if next, found := f.attributed(i); found {
				f.fold(i, next)
				i = next - 1
			}
		}
	}
	return len(f.lines)
}

// line is a line as far as patterns look at it.
func (f *folding) line(i int) string {
	line := strings.TrimRight(f.lines[i], " \t\r\u00a0")
	if len(line) <= maxAttribution {
		return line
	}
	end := maxAttribution
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end]
}

func (f *folding) isQuoted(i int) bool {
	return strings.HasPrefix(strings.TrimLeft(f.lines[i], " \t\u00a0"), ">")
}

func (f *folding) fold(from, to int) {
	for i := from; i < to; i++ {
		f.away[i] = true
	}
}

// header says whether line i begins a header as Outlook writes it: From and at
// least two more fields close below it, perhaps under a rule.
func (f *folding) header(i int) bool {
	line := f.line(i)
	if len(line) >= 5 && strings.Trim(line, "_-") == "" && i+1 < len(f.lines) {
		i++
		line = f.line(i)
	}
	if !strings.ContainsAny(line, ":：") || !fromPat.MatchString(line) {
		return false
	}
	fields := 0
	for j := i + 1; j < len(f.lines) && j <= i+6; j++ {
		if fieldPat.MatchString(f.line(j)) {
			fields++
		}
	}
	return fields >= 2
}

// attributed says whether the sentence at line i, which may go on over two more,
// tells who wrote the lines quoted below it, and where those end. Without marks
// on the lines, as some programs leave them, an answer's quotation goes to the
// end.
func (f *folding) attributed(i int) (end int, found bool) {
	sentence := ""
	for j := i; j < len(f.lines) && j < i+3; j++ {
		line := strings.TrimSpace(f.line(j))
		if sentence = strings.TrimSpace(sentence + " " + line); line == "" || len(sentence) > maxAttribution || f.isQuoted(j) {
			return 0, false
		}
		if !strings.HasSuffix(sentence, ":") && !strings.HasSuffix(sentence, "：") {
			continue
		}
		if !strings.ContainsAny(sentence, "0123456789@٠١٢٣٤٥٦٧٨٩०१२३४५६७८९") || !wrotePat.MatchString(sentence) && !addressedPat.MatchString(sentence) {
			return 0, false
		}
		if j > i && (!beginPat.MatchString(f.line(i)) || beginPat.MatchString(line) && wrotePat.MatchString(line)) {
			return 0, false // it begins further down
		}
		if next := f.quotedFrom(j + 1); next > 0 {
			return next, true
		}
		return len(f.lines), f.answers
	}
	return 0, false
}

// quotedFrom is where the quoted lines that begin at line i, or after one empty
// line or two, end; 0 where there are none.
func (f *folding) quotedFrom(i int) int {
	start := i
	for i < len(f.lines) && i < start+2 && strings.TrimSpace(f.lines[i]) == "" {
		i++
	}
	if i >= len(f.lines) || !f.isQuoted(i) {
		return 0
	}
	for i < len(f.lines) && f.isQuoted(i) {
		i++
	}
	return i
}

// signature folds what stands below "-- " and what a telephone writes below a
// mail, in the sender's own words, which end at end.
func (f *folding) signature(end int) {
	last := end - 1
	for last >= 0 && (f.away[last] || strings.TrimSpace(f.lines[last]) == "") {
		last--
	}
	for i := max(last-maxSignature, 0); i <= last; i++ {
		if line := strings.TrimRight(f.lines[i], " \t\r"); line == "--" || line == "—" {
			f.fold(i, last+1)
			last = i - 1
			break
		}
	}
	for last >= 0 && (f.away[last] || strings.TrimSpace(f.lines[last]) == "") {
		last--
	}
	if last >= 0 && devicePat.MatchString(f.line(last)) {
		f.away[last] = true
	}
}
