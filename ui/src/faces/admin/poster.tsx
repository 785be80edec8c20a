import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { QR } from '../../components/qr';
import { deployment } from '../../lib/deployment';
import { language, languageName, t, wordsIn } from '../../lib/i18n';
import { SubHead } from './channel-parts';

const toTheLeft = ['ar', 'he', 'fa', 'ur', 'ps'];
/** An address as people say it: without what every browser adds. */
export const spoken = (address: string) => address.replace(/^https?:\/\//, '').replace(/^www\./, '');

/** A page to hang up: where to report, in one language. */
export function Poster({ address }: { address: string }) {
  const d = deployment.value;
  const offered = d?.languages.length ? d.languages : ['en'];
  const [lang, setLang] = useState(offered.includes(language()) ? language() : offered[0]!);
  const [words, setWords] = useState<{ say: (key: string) => string } | null>(null);
  useEffect(() => { void wordsIn(lang).then((say) => setWords({ say })); }, [lang]);
  const sentence = (d?.emergency.sentence[lang] ?? d?.emergency.sentence['en'] ?? '').replaceAll('{number}', d?.emergency.number ?? '');
  return <>
    <div class="poster-acts"><SubHead title={t('poster.title')} note={t('poster.about')} />
      {/^https?:\/\/(localhost|127\.|\[::1\])/.test(address) && <p class="notice"><Icon name="alert" />{t('poster.local')}</p>}
      <div class="form-actions"><label>{t('language.choose')} <select class="short" value={lang} onChange={(e) => setLang(e.currentTarget.value)}>{offered.map((l) => <option key={l} value={l}>{languageName(l)}</option>)}</select></label>
        <button type="button" class="button button-primary" onClick={() => window.print()}><Icon name="print" />{t('poster.print')}</button></div></div>
    {words && <article class="poster" lang={lang} dir={toTheLeft.includes(lang) ? 'rtl' : 'ltr'}>
      <header><p class="poster-place" dir="auto">{d?.name}</p><h2>{words.say('poster.head')}</h2></header>
      <QR text={address} label={address} />
      <p class="poster-scan">{words.say('poster.scan')}</p>
      <p class={`poster-address ${spoken(address).length > 26 ? 'poster-address-long' : ''}`} dir="ltr">{spoken(address)}</p>
      <ul class="poster-ways"><li>{words.say('poster.noname')}</li><li>{words.say('poster.free')}</li></ul>
      <footer>{sentence && <p class="poster-emergency">{sentence}</p>}{(d?.demo || d?.training) && <p class="poster-demo">{words.say(d.demo ? 'demo.word' : 'training.word')} · {words.say(d.demo ? 'demo.about' : 'training.about')}</p>}</footer>
    </article>}
  </>;
}
