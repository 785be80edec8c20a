import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog';
import { t } from '../../lib/i18n';
import { assessBatch, choose, type Batch } from './state';

/** An import is judged as a whole, by two people, each after a sample. */
export function BatchDialog({ batch, onClose }: { batch: Batch; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const enough = batch.sampled >= batch.sample.length;
  const decide = (verdict: 'approve' | 'refute') => { void assessBatch(batch.id, verdict, reason.trim()); onClose(); };
  return (
    <Dialog title={batch.title} onClose={onClose}>
      <p>{t('desk.batch.about', { n: batch.rows })}. {t('desk.batch.how', { n: batch.sample.length })}</p>
      <ol class="sample">{batch.sample.map((id, i) => <li key={id}><button type="button" class="button button-small" onClick={() => { choose(id); onClose(); }}>{t('desk.batch.open', { n: i + 1 })}</button></li>)}</ol>
      <label class="field"><span class="field-label">{t('desk.reason')}</span><textarea rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
      {!enough && <p class="quiet">{t('desk.batch.sampled', { n: batch.sampled, of: batch.sample.length })}</p>}
      <div class="form-actions"><button type="button" class="button button-primary" disabled={!enough || !reason.trim()} onClick={() => decide('approve')}>{t('desk.batch.approve')}</button><button type="button" class="button" disabled={!enough || !reason.trim()} onClick={() => decide('refute')}>{t('desk.batch.refute')}</button></div>
    </Dialog>
  );
}
