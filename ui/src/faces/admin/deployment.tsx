import { useState } from 'preact/hooks';
import { AreaPicker } from '../../components/area';
import { faultText } from '../../components/states';
import { complain, say } from '../../components/toast';
import { patch } from '../../lib/api';
import { languageName, t } from '../../lib/i18n';
import type { Box, Labels } from '../../lib/types';
import { useAnswer } from './load';

type Profile = 'open' | 'guarded' | 'hidden';
interface Settings {
  name: string; profile: Profile; area: { west: number; south: number; east: number; north: number } | null; timezone: string; languages: string[];
  emergency: { number: string; sentence: Labels | null }; hotspot: { metres: number; hours: number; weight: number }; training: boolean;
}
const path = '/api/v1/admin/deployment';
const strictness: Profile[] = ['open', 'guarded', 'hidden'];

export function DeploymentForm() {
  const { value, waiting, set } = useAnswer<Settings>(path);
  return value ? <Form key={value.name + value.profile} settings={value} onSaved={set} /> : <>{waiting}</>;
}

function Form({ settings, onSaved }: { settings: Settings; onSaved: (s: Settings) => void }) {
  const [s, set] = useState(settings);
  const area: Box | null = s.area ? [s.area.west, s.area.south, s.area.east, s.area.north] : null;
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      onSaved(await patch<Settings>(path, {
        name: s.name, ...(s.profile === settings.profile ? {} : { profile: s.profile }), ...(area ? { area } : {}), timezone: s.timezone, languages: s.languages,
        emergency: s.emergency, training: s.training, hotspot: s.hotspot,
      }));
      say(t('saved'));
    } catch (fault) { complain(faultText(fault)); }
  };
  const density = (key: keyof Settings['hotspot']) => (
    <label class="field"><span class="field-label">{t(`density.${key}`)}</span><input class="short" type="number" min="0" step="any" value={s.hotspot[key]} onInput={(e) => set({ ...s, hotspot: { ...s.hotspot, [key]: Number(e.currentTarget.value) } })} /></label>
  );
  return (
    <form class="card stack" onSubmit={(e) => void save(e)}>
      <label class="field"><span class="field-label">{t('setup.name')}</span><input required maxLength={100} dir="auto" value={s.name} onInput={(e) => set({ ...s, name: e.currentTarget.value })} /></label>
      <label class="field"><span class="field-label">{t('setup.profile')}</span><span class="field-hint">{t('profile.loosen')}</span>
        <select value={s.profile} onChange={(e) => set({ ...s, profile: e.currentTarget.value as Profile })}>{strictness.map((p) => <option key={p} value={p} disabled={strictness.indexOf(p) < strictness.indexOf(settings.profile)}>{t(`profile.${p}`)}</option>)}</select></label>
      <p class="quiet small">{t(`profile.${s.profile}.about`)}</p>
      <AreaPicker area={area} onChange={([west, south, east, north]) => set({ ...s, area: { west, south, east, north } })} />
      <label class="field"><span class="field-label">{t('setup.zone')}</span><input required dir="ltr" value={s.timezone} onInput={(e) => set({ ...s, timezone: e.currentTarget.value })} /></label>
      <label class="field"><span class="field-label">{t('setup.number')}</span><input class="short" required maxLength={40} dir="ltr" value={s.emergency.number} onInput={(e) => set({ ...s, emergency: { ...s.emergency, number: e.currentTarget.value } })} /></label>
      {s.languages.map((l) => <label key={l} class="field"><span class="field-label">{t('setup.sentence')} <span class="optional">{languageName(l)}</span></span><input lang={l} dir="auto" maxLength={300} value={s.emergency.sentence?.[l] ?? ''} onInput={(e) => set({ ...s, emergency: { ...s.emergency, sentence: { ...s.emergency.sentence, [l]: e.currentTarget.value } } })} /></label>)}
      <h2>{t('density.title')}</h2>
      <p class="quiet small">{t('density.about')}</p>
      <div class="person-row">{density('metres')}{density('hours')}{density('weight')}</div>
      <label class="check"><input type="checkbox" checked={s.training} onChange={(e) => set({ ...s, training: e.currentTarget.checked })} /> {t('setup.training')}</label>
      <button type="submit" class="button button-primary">{t('save')}</button>
    </form>
  );
}
