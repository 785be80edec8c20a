import { Mark, type Truth } from '../../components/marks';
import { Icon } from '../../components/icon';
import { t } from '../../lib/i18n';
import type { Severity } from '../../lib/types';
import { legendOpen } from './selection';

const severities: Severity[] = ['life_safety', 'normal', 'low'];

export function Legend({ ops }: { ops: boolean }) {
  const truths: Truth[] = ops ? ['verified', 'probable', 'unchecked'] : ['verified', 'probable'];
  if (!legendOpen.value) return null;
  return (
    <section class="legend" aria-label={t('legend.title')}>
      <header><h2>{t('legend.title')}</h2><button type="button" class="button button-quiet button-icon" aria-label={t('close')} onClick={() => { legendOpen.value = false; }}><Icon name="close" /></button></header>
      <h3>{t('legend.severity')}</h3>
      <ul>{severities.map((s) => <li key={s}><Mark severity={s} truth="verified" />{t(`severity.${s}`)}</li>)}</ul>
      <h3>{t('legend.truth')}</h3>
      <ul>{truths.map((truth) => <li key={truth}><Mark severity="normal" truth={truth} /><span>{t(`status.${truth === 'unchecked' ? 'triaged' : truth}`)}</span></li>)}</ul>
      <h3>{t('legend.shapes')}</h3>
      <ul>
        <li><span class="legend-hotspot">3 ↗</span><span>{t('legend.hotspot')}</span></li>
        <li><span class="legend-cluster">12</span><span>{t('legend.cluster')}</span></li>
        <li><span class="legend-cell" /><span>{t('legend.cell')}</span></li>
        {ops && <li><span class="legend-circle" /><span>{t('legend.circle')}</span></li>}
      </ul>
      <p class="quiet small">{t('legend.over')}</p>
      <p class="quiet small">{t('map.credit')}</p>
    </section>
  );
}
