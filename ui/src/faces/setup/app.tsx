// Setup: one page of questions, once, by whoever holds the printed link.
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { AreaPicker } from '../../components/area';
import { ChannelFields, filledIn, useChannel } from '../../components/channel';
import { Icon } from '../../components/icon';
import { Invitation } from '../../components/invitation';
import { Fault, faultText } from '../../components/states';
import { get, post } from '../../lib/api';
import { language, loadWords, pick, t } from '../../lib/i18n';
import { startShell } from '../../lib/shell';
import type { Box, Category, ChannelKind, Labels, Role } from '../../lib/types';

type Profile = 'open' | 'guarded' | 'hidden';
interface Options {
  needed: boolean; crises: { key: string; titles: Labels; profile: Profile; categories: string[] }[]; categories: Category[];
  kinds: ChannelKind[]; languages: { code: string; name: string }[]; emergency: { number: string; sentence: Labels }; profile: Profile;
}
interface Answer { people: { name: string; role: Role; link: string }[]; channel: { name: string; hook_url: string } | null }
interface Person { name: string; role: Role }

const profiles: Profile[] = ['open', 'guarded', 'hidden'];
const roles: Role[] = ['admin', 'coordinator', 'verifier', 'volunteer', 'responder'];
const zones = (): string[] => {
  try { return Intl.supportedValuesOf('timeZone'); } catch { return []; }
};

export async function startSetup(): Promise<void> {
  const root = document.getElementById('content')!;
  const token = location.hash.slice(1);
  await loadWords();
  await startShell();
  root.replaceChildren();
  const headers = { authorization: `Setup ${token}` };
  try {
    const options = await get<Options>('/api/v1/setup', { headers });
    render(options.needed ? <Setup options={options} headers={headers} /> : <Already />, root);
  } catch (fault) { render(<div class="narrow"><Fault fault={fault} /></div>, root); }
}

function Already() {
  return <div class="narrow"><div class="card stack"><h1>{t('setup.done')}</h1><p>{t('setup.again')}</p><p class="form-actions"><a class="button button-primary" href="/signin?next=/admin">{t('nav.signin')}</a><a class="button" href="/">{t('nav.map')}</a></p></div></div>;
}

function Setup({ options, headers }: { options: Options; headers: Record<string, string> }) {
  const first = options.crises[0];
  const [crisis, setCrisis] = useState(first?.key ?? '');
  const [profile, setProfile] = useState<Profile>(first?.profile ?? options.profile);
  const [keys, setKeys] = useState<string[]>(first?.categories ?? []);
  const [name, setName] = useState('');
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');
  const [languages, setLanguages] = useState([language()]);
  const [area, setArea] = useState<Box | null>(null);
  const [number, setNumber] = useState(options.emergency.number);
  const [sentence, setSentence] = useState<Labels>(options.emergency.sentence);
  const [people, setPeople] = useState<Person[]>([{ name: '', role: 'admin' }, { name: '', role: 'coordinator' }, { name: '', role: 'volunteer' }]);
  const [channel, setChannel] = useChannel();
  const [problem, setProblem] = useState('');
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [sending, setSending] = useState(false);

  const choose = (key: string) => {
    const found = options.crises.find((c) => c.key === key);
    setCrisis(key);
    if (found) { setProfile(found.profile); setKeys(found.categories); }
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    try {
      setAnswer(await post<Answer>('/api/v1/setup', {
        name, crisis, profile, categories: keys, area: area ?? [], timezone: zone, languages, emergency: { number, sentence },
        people: people.filter((p) => p.name.trim()).map((p) => ({ ...p, name: p.name.trim() })), channel: channel.kind ? filledIn(channel) : null,
      }, { headers }));
      setProblem('');
      window.scrollTo({ top: 0 });
    } catch (fault) { setProblem(faultText(fault)); }
    setSending(false);
  };
  if (answer) return <Done answer={answer} headers={headers} />;
  return (
    <form class="setup" onSubmit={(e) => void submit(e)}>
      <header><h1>{t('setup.title')}</h1><p class="lead">{t('setup.about')}</p></header>
      <Part n={1} title={t('setup.crisis')}>
        <div class="tiles">{options.crises.map((c) => <label key={c.key} class="tile"><input type="radio" name="crisis" checked={c.key === crisis} onChange={() => choose(c.key)} /><span><Icon name={c.key === 'conflict' ? 'violence' : c.key} /><strong>{pick(c.titles, c.key)}</strong></span></label>)}</div>
        <h3>{t('setup.profile')}</h3>
        <div class="tiles tiles-wide">{profiles.map((p) => <label key={p} class="tile"><input type="radio" name="profile" checked={p === profile} onChange={() => setProfile(p)} /><span><strong>{t(`profile.${p}`)}</strong><span class="quiet small">{t(`profile.${p}.about`)}</span></span></label>)}</div>
        <details><summary>{t('setup.categories', { n: keys.length })}</summary>
          <div class="choices">{options.categories.map((c) => <label key={c.key} class="choice"><input type="checkbox" checked={keys.includes(c.key)} onChange={() => setKeys(keys.includes(c.key) ? keys.filter((k) => k !== c.key) : [...keys, c.key])} /><span><Icon name={c.icon} />{pick(c.labels, c.key)}{c.profile === 'hidden' && <Icon name="eye-off" title={t('profile.hidden')} />}</span></label>)}</div></details>
      </Part>
      <Part n={2} title={t('setup.place')}>
        <label class="field"><span class="field-label">{t('setup.name')}</span><span class="field-hint">{t('setup.name.hint')}</span><input required maxLength={100} dir="auto" value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        <AreaPicker area={area} onChange={setArea} />
        <label class="field"><span class="field-label">{t('setup.zone')}</span><input list="zones" required value={zone} dir="ltr" onInput={(e) => setZone(e.currentTarget.value)} /><datalist id="zones">{zones().map((z) => <option key={z} value={z} />)}</datalist></label>
        <fieldset><legend class="field-label">{t('setup.languages')}</legend><div class="choices">{options.languages.map((l) => <label key={l.code} class="choice"><input type="checkbox" checked={languages.includes(l.code)} onChange={() => setLanguages(languages.includes(l.code) ? languages.filter((x) => x !== l.code) : [...languages, l.code])} /><span lang={l.code}>{l.name}</span></label>)}</div></fieldset>
      </Part>
      <Part n={3} title={t('setup.emergency')}>
        <p class="quiet">{t('setup.emergency.about')}</p>
        <label class="field"><span class="field-label">{t('setup.number')}</span><input class="short" required maxLength={40} dir="ltr" value={number} onInput={(e) => setNumber(e.currentTarget.value)} /></label>
        {['en', ...languages.filter((l) => l !== 'en')].map((l) => <label key={l} class="field"><span class="field-label">{options.languages.find((x) => x.code === l)?.name ?? l}</span><input lang={l} dir="auto" maxLength={300} required={l === 'en'} value={sentence[l] ?? ''} onInput={(e) => setSentence({ ...sentence, [l]: e.currentTarget.value })} /></label>)}
      </Part>
      <Part n={4} title={t('setup.people')}>
        <p class="quiet">{t('setup.people.about')}</p>
        {people.map((p, i) => (
          <div key={i} class="person-row"><input aria-label={t('people.name')} placeholder={t('people.name')} maxLength={80} dir="auto" value={p.name} onInput={(e) => setPeople(people.map((x, j) => (j === i ? { ...x, name: e.currentTarget.value } : x)))} />
            <select aria-label={t('people.role')} value={p.role} onChange={(e) => setPeople(people.map((x, j) => (j === i ? { ...x, role: e.currentTarget.value as Role } : x)))}>{roles.map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}</select></div>
        ))}
        <button type="button" class="button button-small" onClick={() => setPeople([...people, { name: '', role: 'volunteer' }])}><Icon name="plus" />{t('people.another')}</button>
      </Part>
      <Part n={5} title={t('setup.channel')}>
        <p class="quiet">{t('setup.channel.about')}</p>
        <ChannelFields kinds={options.kinds} value={channel} suggest={crisis === 'flood' || crisis === 'storm'} onChange={setChannel} />
      </Part>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <button type="submit" class="button button-primary button-big" disabled={sending}>{t('setup.finish')}</button>
    </form>
  );
}

function Part({ n, title, children }: { n: number; title: string; children: preact.ComponentChildren }) {
  return <section class="card stack"><h2 class="part-title"><span class="step-number">{n}</span>{title}</h2>{children}</section>;
}

function Done({ answer, headers }: { answer: Answer; headers: Record<string, string> }) {
  const [test, setTest] = useState<{ receipt?: string; problem?: string }>({});
  const send = async () => {
    try { setTest(await post<{ receipt: string }>('/api/v1/setup/test', {}, { headers })); } catch (fault) { setTest({ problem: faultText(fault) }); }
  };
  return (
    <div class="setup">
      <header><h1>{t('setup.done')}</h1><p class="lead">{t('setup.done.about')}</p></header>
      {answer.people.length > 0 && <section class="card stack"><h2>{t('setup.links')}</h2>{answer.people.map((p) => <Invitation key={p.link} {...p} />)}</section>}
      {answer.channel && <section class="card stack"><h2>{t('setup.hook', { name: answer.channel.name })}</h2><p>{t('setup.hook.about')}</p><p><code dir="ltr">{answer.channel.hook_url}</code></p></section>}
      <section class="card stack"><h2>{t('setup.test')}</h2><p class="quiet">{t('setup.test.about')}</p>
        <button type="button" class="button" onClick={() => void send()}><Icon name="send" />{t('setup.test.send')}</button>
        {test.receipt && <p role="status">{t('setup.test.sent')} <code dir="ltr">{test.receipt}</code></p>}{test.problem && <p class="problem" role="alert">{test.problem}</p>}</section>
      <p class="form-actions"><a class="button button-primary" href="/">{t('nav.map')}</a><a class="button" href="/help/quick-start">{t('nav.help')}</a></p>
    </div>
  );
}
