import { useState } from 'preact/hooks';
import { Mark, SeverityBadge, StatusBadge, truthOf } from '../../components/marks';
import { faultText } from '../../components/states';
import { say } from '../../components/toast';
import { Icon } from '../../components/icon';
import { postNothing } from '../../lib/api';
import { categoryLabel } from '../../lib/deployment';
import { metres, moment, number, t } from '../../lib/i18n';
import type { HotspotFeature, IncidentFeature } from '../../lib/types';
import type { MapData } from './data';
import { boxOf } from './geometry';
import { IncidentRowItem, hotspotTitle, titleOf } from './rows';

type Show = (kind: 'hotspot' | 'incident', id: string) => void;

export function HotspotCard({ hotspot, data, onShow }: { hotspot: HotspotFeature; data: MapData; onShow: Show }) {
  const p = hotspot.properties;
  const [west, south, east, north] = boxOf(hotspot.geometry);
  const inside = data.incidents.value.filter(({ geometry: g }) => g && g.coordinates[0]! >= west && g.coordinates[0]! <= east && g.coordinates[1]! >= south && g.coordinates[1]! <= north);
  return (
    <article class="detail">
      <header class="detail-head"><h2>{hotspotTitle(hotspot)}</h2>{p.place && <p class="quiet">{p.place}</p>}
        <p class="badges"><SeverityBadge severity={p.severity} /><span class="badge">{t(`status.${p.status}`)}</span><span class="badge"><Icon name={p.trend} />{t(`trend.${p.trend}`)}</span></p></header>
      <dl class="figures">
        <div><dt>{t('figure.incidents')}</dt><dd>{number(p.incidents)}</dd></div>
        <div><dt>{t('figure.sources')}</dt><dd>{data.ops ? number(p.independent_sources) : t('figure.atleast', { n: p.independent_sources })}</dd></div>
        <div><dt>{t('figure.reports')}</dt><dd>{data.ops ? number(p.reports) : t('figure.atleast', { n: p.reports })}</dd></div>
      </dl>
      {p.why && <p class="why" dir="auto"><Icon name="info" />{p.why}</p>}
      <dl class="facts"><dt>{t('hotspot.first')}</dt><dd>{moment(p.first_seen)}</dd><dt>{t('hotspot.last')}</dt><dd>{moment(p.last_seen)}</dd></dl>
      {data.ops && <Responses hotspot={hotspot} />}
      <h3>{t('hotspot.inside')}</h3>
      <ul class="rows rows-flush">{inside.slice(0, 30).map((i) => <IncidentRowItem key={i.properties.id} incident={i} onOpen={() => onShow('incident', i.properties.id)} />)}</ul>
      {inside.length === 0 && <p class="quiet">{t('hotspot.zoom')}</p>}
    </article>
  );
}

const answers = ['acknowledge', 'en_route', 'handled'] as const;
/** What the hotspot says once somebody answered. */
const answered = { acknowledge: 'acknowledged', en_route: 'en_route', handled: 'handled' };

function Responses({ hotspot }: { hotspot: HotspotFeature }) {
  const p = hotspot.properties;
  const [fault, setFault] = useState('');
  const act = async (answer: (typeof answers)[number]) => {
    try {
      await postNothing(`/api/v1/ops/map/hotspots/${encodeURIComponent(p.id)}/${answer}`);
      setFault('');
      say(t(`ops.done.${answer}`));
    } catch (wrong) { setFault(faultText(wrong)); }
  };
  return (
    <div class="responses"><h3>{t('ops.response')}</h3>
      <div class="form-actions">{answers.map((a) => <button key={a} type="button" class="button button-small" aria-pressed={p.response === answered[a]} onClick={() => void act(a)}>{t(`ops.${a}`)}</button>)}</div>
      {fault && <p class="problem" role="alert">{fault}</p>}
    </div>
  );
}

export function IncidentCard({ incident, ops }: { incident: IncidentFeature; ops: boolean }) {
  const p = incident.properties;
  return (
    <article class="detail">
      <header class="detail-head"><h2 dir="auto" class="detail-title"><Mark severity={p.severity} truth={truthOf(p.status)} size={26} />{titleOf(p)}</h2>{p.place && <p class="quiet">{p.place}</p>}
        <p class="badges"><SeverityBadge severity={p.severity} /><StatusBadge status={p.status} />{p.phase === 'over' && <span class="badge">{t('phase.over')}</span>}</p></header>
      <p class="quiet">{t(`status.${p.status}.about`)}</p>
      <dl class="facts">
        <dt>{t('incident.when')}</dt><dd>{moment(p.occurred_at)}</dd>
        <dt>{t('incident.kind')}</dt><dd>{p.categories.map(categoryLabel).join(', ') || t('incident.uncategorised')}</dd>
        <dt>{t('figure.sources')}</dt><dd>{ops ? number(p.independent_sources) : t('figure.atleast', { n: p.independent_sources })}</dd>
        <dt>{t('incident.where')}</dt><dd><Where incident={incident} /></dd>
      </dl>
      {ops && <Confirm id={p.id} />}
    </article>
  );
}

function Where({ incident: { geometry, properties: p } }: { incident: IncidentFeature }) {
  if (!geometry) return <>{t('incident.noplace')}</>;
  if (p.cell) return <><strong>{t('cell.size', { size: metres(p.cell * 111_000) })}</strong><br /><span class="quiet">{t('cell.about')}</span></>;
  const [lon = 0, lat = 0] = geometry.coordinates;
  return <><span dir="ltr">{lat.toFixed(5)}, {lon.toFixed(5)}</span>{p.uncertainty_m ? <> <span class="quiet">± {metres(p.uncertainty_m)}</span></> : null}{p.located_by && <><br /><span class="quiet">{p.located_by}</span></>}</>;
}

function Confirm({ id }: { id: string }) {
  const [fault, setFault] = useState('');
  const act = async () => {
    try {
      await postNothing(`/api/v1/ops/incidents/${encodeURIComponent(id)}/confirm`);
      setFault('');
      say(t('ops.confirmed'));
    } catch (wrong) { setFault(faultText(wrong)); }
  };
  return <div class="responses"><button type="button" class="button button-small" onClick={() => void act()}><Icon name="check" />{t('ops.confirm')}</button><p class="quiet small">{t('ops.confirm.about')}</p>{fault && <p class="problem" role="alert">{fault}</p>}</div>;
}

/** All incidents of one blurred square: the map says why there is no point. */
export function CellCard({ at, data, onShow }: { at: IncidentFeature; data: MapData; onShow: Show }) {
  const [lon, lat] = at.geometry!.coordinates;
  const cell = at.properties.cell ?? 0.01;
  const inside = data.incidents.value.filter((i) => i.geometry && i.properties.cell === cell && i.geometry.coordinates[0] === lon && i.geometry.coordinates[1] === lat);
  return (
    <article class="detail">
      <header class="detail-head"><h2>{t('cell.title', { n: inside.length })}</h2>{at.properties.place && <p class="quiet">{at.properties.place}</p>}</header>
      <p class="why"><Icon name="eye-off" />{t('cell.size', { size: metres(cell * 111_000) })}. {t('cell.about')}</p>
      <ul class="rows rows-flush">{inside.map((i) => <IncidentRowItem key={i.properties.id} incident={i} onOpen={() => onShow('incident', i.properties.id)} />)}</ul>
    </article>
  );
}
