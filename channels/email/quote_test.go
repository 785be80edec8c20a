package email

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What programs put below an answer is folded away, in the languages of those who
// answer; what was said stays.
func TestQuotationsAreFolded(t *testing.T) {
	for name, below := range map[string]string{
		"Gmail":            "On Mon, 2 Mar 2026 at 10:00, Flood desk <reports@example.org> wrote:\n\n> Where are you?\n>\n> The desk",
		"Gmail, two lines": "On Mon, 2 Mar 2026 at 10:00, The flood desk of the district\n<reports@example.org> wrote:\n> Where are you?",
		"Gmail, de":        "Am Mo., 2. März 2026 um 10:00 Uhr schrieb Flood desk <reports@example.org>:\n> Wo sind Sie?",
		"Gmail, fr":        "Le lun. 2 mars 2026 à 10:00, Flood desk <reports@example.org> a écrit :\n> Où êtes-vous ?",
		"Gmail, es":        "El lun, 2 mar 2026 a las 10:00, Flood desk (<reports@example.org>) escribió:\n> ¿Dónde está?",
		"Gmail, pt":        "Em seg., 2 de mar. de 2026 às 10:00, Flood desk <reports@example.org> escreveu:\n> Onde está?",
		"Gmail, it":        "Il giorno lun 2 mar 2026 alle ore 10:00 Flood desk <reports@example.org> ha scritto:\n> Dove siete?",
		"Gmail, nl":        "Op ma 2 mrt 2026 om 10:00 schreef Flood desk <reports@example.org>:\n> Waar bent u?",
		"Gmail, ru":        "пн, 2 мар. 2026 г. в 10:00, Flood desk <reports@example.org>:\n> Где вы?",
		"Gmail, uk":        "пн, 2 бер. 2026 р. о 10:00 Flood desk <reports@example.org> пише:\n> Де ви?",
		"Gmail, pl":        "pon., 2 mar 2026 o 10:00 Flood desk <reports@example.org> napisał(a):\n> Gdzie jesteś?",
		"Gmail, tr":        "Flood desk <reports@example.org>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:\n> Neredesiniz?",
		"Gmail, ar":        "في الاثنين، ٢ مارس ٢٠٢٦ في ١٠:٠٠ كتب Flood desk <reports@example.org>:\n> أين أنت؟",
		"Gmail, ja":        "2026年3月2日(月) 10:00 Flood desk <reports@example.org>:\n> どこですか",
		"Gmail, zh":        "Flood desk <reports@example.org> 于2026年3月2日周一 10:00写道：\n> 你在哪里",
		"Gmail, sw":        "Mnamo Jtt, 2 Machi 2026 10:00, Flood desk <reports@example.org> aliandika:\n> Uko wapi?",
		"Gmail, id":        "Pada Sen, 2 Mar 2026 pukul 10.00 Flood desk <reports@example.org> menulis:\n> Di mana?",
		"Apple":            "> On 2 Mar 2026, at 10:00, Flood desk <reports@example.org> wrote:\n> \n> Where are you?",
		"Thunderbird":      "On 02.03.26 10:00, Flood desk wrote:\n> Where are you?\n> \n",
		"Yahoo":            "    On Monday, March 2, 2026 at 10:00:00 AM GMT+3, Flood desk <reports@example.org> wrote:  \n \n Where are you?\n The desk",
		"Outlook":          "From: Flood desk <reports@example.org>\nSent: Monday, 2 March 2026 10:00\nTo: Amina\nSubject: Your message\n\nWhere are you?",
		"Outlook, rule":    "________________________________\nFrom: Flood desk <reports@example.org>\nSent: Monday, 2 March 2026 10:00\nTo: Amina <a@b.example>\nSubject: Your message\n\nWhere are you?",
		"Outlook, bold":    "*From:* Flood desk <reports@example.org>\n*Sent:* Monday, 2 March 2026 10:00\n*To:* Amina\n*Subject:* Your message\n\nWhere are you?",
		"Outlook, de":      "Von: Flood desk <reports@example.org>\nGesendet: Montag, 2. März 2026 10:00\nAn: Amina\nBetreff: Ihre Nachricht\n\nWo sind Sie?",
		"Outlook, fr":      "De : Flood desk <reports@example.org>\nEnvoyé : lundi 2 mars 2026 10:00\nÀ : Amina\nObjet : Votre message\n\nOù êtes-vous ?",
		"Outlook, es":      "De: Flood desk <reports@example.org>\nEnviado el: lunes, 2 de marzo de 2026 10:00\nPara: Amina\nAsunto: Su mensaje\n\n¿Dónde está?",
		"Outlook, ru":      "От: Flood desk <reports@example.org>\nОтправлено: 2 марта 2026 г. 10:00\nКому: Amina\nТема: Сообщение\n\nГде вы?",
		"Outlook, ar":      "من: Flood desk <reports@example.org>\nتاريخ الإرسال: 2 مارس 2026\nإلى: Amina\nالموضوع: رسالة\n\nأين أنت؟",
		"Outlook, zh":      "发件人: Flood desk <reports@example.org>\n发送时间: 2026年3月2日 10:00\n收件人: Amina\n主题: 消息\n\n你在哪里",
		"original message": "-----Original Message-----\nFrom: Flood desk\n\nWhere are you?",
		"original, de":     "-----Ursprüngliche Nachricht-----\nVon: Flood desk\n\nWo sind Sie?",
		"original, zh":     "------------------ 原始邮件 ------------------\n发件人: x\n\n你在哪里",
		"bare marks":       "> Where are you?\n> The desk",
		"signature":        "-- \nAmina W.\n+254 700 000000",
		"signature, bare":  "--\nAmina",
		"both":             "-- \nAmina\n\nOn Mon, 2 Mar 2026, Flood desk <reports@example.org> wrote:\n> Where?",
		"phone":            "Sent from my iPhone",
		"phone, de":        "Von meinem iPhone gesendet",
		"phone, fr":        "Envoyé de mon iPhone",
		"phone, es":        "Enviado desde mi Samsung",
		"phone, ru":        "Отправлено с iPhone",
		"phone, zh":        "发自我的iPhone",
		"phone and quote":  "Sent from my phone\n\nOn Mon, 2 Mar 2026, Flood desk <reports@example.org> wrote:\n> Where?",
	} {
		t.Run(name, func(t *testing.T) {
			const own = "We are on the roof of the school.\n\nSend a boat: 12 people."
			said, quoted := foldQuotes(own+"\n\n"+below, true, false)
			if said != own {
				t.Errorf("said %q", said)
			}
			if quoted == "" || !strings.HasSuffix(strings.TrimSpace(quoted), strings.TrimSpace(below[strings.LastIndexByte(below, '\n')+1:])) {
				t.Errorf("quoted %q", quoted)
			}
		})
	}
}

func TestAnswersBetweenTheLines(t *testing.T) {
	said, quoted := foldQuotes("On Mon, 2 Mar 2026, Flood desk wrote:\n> Where are you?\nAt the mill.\n> How many?\nTwelve.", true, false)
	if said != "At the mill.\nTwelve." || quoted != "On Mon, 2 Mar 2026, Flood desk wrote:\n> Where are you?\n> How many?" {
		t.Errorf("said %q, quoted %q", said, quoted)
	}
}

// What only looks like a quotation, and what somebody passes on, is said.
func TestWhatIsSaidStays(t *testing.T) {
	for name, tc := range map[string]struct {
		text     string
		answers  bool
		forwards bool
	}{
		"more than":         {"> 50 people at the bridge", false, false},
		"a list of wants":   {"Needed:\n- water\n- 5 tents", true, false},
		"who wrote":         {"On Monday 2 March the governor wrote:\nnobody may leave.", false, false},
		"from and to":       {"From: the market\nTo: the mill\nthe road is under water", true, false},
		"a rule":            {"Part one\n--\n" + strings.Repeat("more\n", 20) + "end", false, false},
		"passed on":         {"See this\n\n---------- Forwarded message ---------\nFrom: Juma <j@b.example>\nDate: Mon, 2 Mar 2026\nSubject: Fire\nTo: Amina\n\nFire at the mill", true, false},
		"passed on, Apple":  {"Begin forwarded message:\n\n> From: Juma\n> Subject: Fire\n> Date: 2 March\n\n> Fire at the mill", false, true},
		"passed on, fwd":    {"See this\n\nFrom: Juma <j@b.example>\nSent: Monday\nTo: Amina\nSubject: Fire\n\nFire at the mill", false, true},
		"nothing but space": {" ", false, false},
	} {
		if said, quoted := foldQuotes(tc.text, tc.answers, tc.forwards); said != tc.text || quoted != "" {
			t.Errorf("%s: said %q, quoted %q", name, said, quoted)
		}
	}
	if got := reading("Subject: Re: x\nIn-Reply-To: <a@b>\n", "> Fire at the mill\n> 12 people"); got.Text != "> Fire at the mill\n> 12 people" || got.Quoted != "" {
		t.Errorf("a mail of nothing but quotation says %q, quotes %q", got.Text, got.Quoted)
	}
}

// Every line is in one of the two, in order, whatever the text.
func TestNoLineIsLost(t *testing.T) {
	pieces := []string{"", " ", "Water rises", "> quoted", ">> twice", "--", "-- ", "On Mon, 2 Mar 2026, Ana <a@b.example> wrote:", "schrieb Ana <a@b.example>:",
		"From: Ana", "Sent: Monday", "To: Juma", "Subject: x", "-----Original Message-----", "________________", "Sent from my iPhone", "Begin forwarded message:", "5:", "：", "é"}
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		said, quoted := foldQuotes(text, rapid.Bool().Draw(t, "answers"), rapid.Bool().Draw(t, "forwards"))
		filled := func(text string) []string {
			return slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return blank(line) })
		}
		for _, part := range []string{said, quoted} {
			rest := filled(text)
			for _, line := range filled(part) {
				at := slices.IndexFunc(rest, func(one string) bool { return strings.TrimRight(one, " ") == strings.TrimRight(line, " ") })
				if at < 0 {
					t.Fatalf("%q is out of order in %q", line, part)
				}
				rest = rest[at+1:]
			}
		}
		if len(filled(said))+len(filled(quoted)) != len(filled(text)) {
			t.Fatalf("%q became %q and %q", text, said, quoted)
		}
		if again, more := foldQuotes(said, false, false); more == "" && again != said {
			t.Fatalf("folding %q changes it", said)
		}
	})
}
