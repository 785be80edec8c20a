import { useState } from 'preact/hooks';
import { CopyText } from '../../components/copy';
import { Dialog } from '../../components/dialog';
import { Icon } from '../../components/icon';
import { deployment } from '../../lib/deployment';
import { language, languageName, pick, t } from '../../lib/i18n';
import { enterReport, type OnBehalf } from './state';

/** A call, a radio message, a walk-in: typed in by somebody who may then not
 * check it. */
export function BehalfDialog({ onClose }: { onClose: () => void }) {
  const [receipt, setReceipt] = useState<string | null>(null);
  const [keys, setKeys] = useState<string[]>([]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const report: OnBehalf = { text: text('text'), language: text('language') };
    if (text('where')) report.location = { words: text('where') };
    if (text('occurred_at')) report.occurred_at = new Date(text('occurred_at')).toISOString();
    if (text('contact')) report.contact = text('contact');
    if (keys.length) report.categories = keys;
    const answer = await enterReport(report);
    if (answer) setReceipt(answer);
  };
  if (receipt) {
    return (
      <Dialog title={t('behalf.done')} onClose={onClose}>
        <p>{t('behalf.receipt')}</p><CopyText text={receipt} label={t('receipt.code')} />
        <p class="quiet">{t('behalf.notyou')}</p>
        <div class="form-actions"><button type="button" class="button button-primary" onClick={onClose}>{t('close')}</button><button type="button" class="button" onClick={() => { setReceipt(null); setKeys([]); }}>{t('behalf.another')}</button></div>
      </Dialog>
    );
  }
  const kinds = (deployment.value?.categories ?? []).filter((c) => c.enabled);
  return (
    <Dialog title={t('behalf.title')} onClose={onClose} wide>
      <form class="stack" onSubmit={(e) => void submit(e)}>
        <label class="field"><span class="field-label">{t('report.what')}</span><textarea name="text" rows={4} required dir="auto" maxLength={10000} /></label>
        <label class="field"><span class="field-label">{t('report.where')}</span><span class="field-hint">{t('report.where.hint')}</span><input name="where" maxLength={500} dir="auto" /></label>
        <div class="choices">{kinds.map((c) => <label key={c.key} class="choice"><input type="checkbox" checked={keys.includes(c.key)} onChange={() => setKeys(keys.includes(c.key) ? keys.filter((k) => k !== c.key) : [...keys, c.key])} /><span><Icon name={c.icon} />{pick(c.labels, c.key)}</span></label>)}</div>
        <div class="verdict-fields">
          <label class="field"><span class="field-label">{t('report.when')} <span class="optional">{t('optional')}</span></span><input name="occurred_at" type="datetime-local" /></label>
          <label class="field"><span class="field-label">{t('behalf.language')}</span><select name="language" defaultValue={language()}>{(deployment.value?.languages ?? ['en']).map((l) => <option key={l} value={l}>{languageName(l)}</option>)}</select></label>
          <label class="field"><span class="field-label">{t('behalf.contact')} <span class="optional">{t('optional')}</span></span><input name="contact" maxLength={200} autocomplete="off" dir="auto" /></label>
        </div>
        <p class="quiet small">{t('behalf.notyou')}</p>
        <button type="submit" class="button button-primary">{t('behalf.save')}</button>
      </form>
    </Dialog>
  );
}
