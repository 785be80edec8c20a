// The list in step with the map, and one thing in full.
import type { MapData } from './data';
import { anyFilter, clearFilters } from './filters';
import { Freshness } from './fresh';
import { FilterBar } from './filterbar';
import { HotspotCard, IncidentCard, CellCard } from './cards';
import { HotspotRow, IncidentRowItem } from './rows';
import { selected, tab } from './selection';
import { Empty, Fault, Skeleton } from '../../components/states';
import { Icon } from '../../components/icon';
import { clock, number, t } from '../../lib/i18n';
import { OpsNotices } from './ops';

const shownAtMost = 150;

export function Panel({ data, onShow }: { data: MapData; onShow: (kind: 'hotspot' | 'incident', id: string) => void }) {
  const chosen = selected.value;
  return (
    <div class="panel-body">
      <div class="panel-head">
        <div class="panel-headline"><h1 class="panel-title">{data.ops ? t('ops.title') : t('map.title')}</h1></div>
        <Freshness data={data} />
        {data.ops && <OpsNotices />}
      </div>
      {chosen ? <Chosen data={data} onShow={onShow} /> : <>
        <FilterBar ops={data.ops} />
        {data.ops && <Tabs data={data} />}
        {tab.value === 'changes' && data.ops ? <Changes data={data} onShow={onShow} /> : <List data={data} onShow={onShow} />}
      </>}
    </div>
  );
}

function Tabs({ data }: { data: MapData }) {
  return (
    <div class="tabs" role="group" aria-label={t('ops.tabs')}>
      <button type="button" aria-pressed={tab.value === 'list'} onClick={() => { tab.value = 'list'; }}>{t('ops.tab.list')}</button>
      <button type="button" aria-pressed={tab.value === 'changes'} onClick={() => { tab.value = 'changes'; }}>{t('ops.tab.changes')}{data.changes.value.length > 0 && <span class="count">{number(data.changes.value.length)}</span>}</button>
    </div>
  );
}

function List({ data, onShow }: { data: MapData; onShow: (kind: 'hotspot' | 'incident', id: string) => void }) {
  if (data.state.value === 'loading') return <div class="panel-pad"><Skeleton lines={5} /></div>;
  if (data.state.value === 'failed') return <div class="panel-pad"><Fault fault={data.fault.value} retry={() => void data.refresh()} /></div>;
  const hotspots = data.hotspots.value, incidents = data.incidents.value;
  if (!hotspots.length && !incidents.length) {
    return anyFilter()
      ? <Empty title={t('list.nomatch')}><p><button type="button" class="button button-small" onClick={clearFilters}>{t('filter.clear')}</button></p></Empty>
      : <Empty title={t('map.empty')}><p>{t('map.empty.why')}</p></Empty>;
  }
  return <>
    {hotspots.length > 0 && <>
      <h2 class="panel-heading">{t('hotspots.title')} <span class="count">{number(hotspots.length)}</span></h2>
      <ul class="rows">{hotspots.map((h) => <HotspotRow key={h.properties.id} hotspot={h} onOpen={() => onShow('hotspot', h.properties.id)} />)}</ul>
    </>}
    <h2 class="panel-heading">{t('incidents.inview')} <span class="count">{number(data.matched.value)}</span></h2>
    {incidents.length === 0 && <p class="panel-pad quiet">{t('incidents.none')}</p>}
    <ul class="rows">{newest(incidents).slice(0, shownAtMost).map((i) => <IncidentRowItem key={i.properties.id} incident={i} onOpen={() => onShow('incident', i.properties.id)} />)}</ul>
    {data.matched.value > shownAtMost && <p class="panel-pad quiet">{t('list.more', { n: data.matched.value - shownAtMost })}</p>}
  </>;
}

const newest = (list: MapData['incidents']['value']) =>
  [...list].sort((a, b) => (a.properties.occurred_at < b.properties.occurred_at ? 1 : a.properties.occurred_at > b.properties.occurred_at ? -1 : a.properties.id < b.properties.id ? -1 : 1));

function Changes({ data, onShow }: { data: MapData; onShow: (kind: 'hotspot' | 'incident', id: string) => void }) {
  const changes = data.changes.value;
  if (!changes.length) return <Empty title={t('ops.changes.none')}><p>{t('ops.changes.about')}</p></Empty>;
  return (
    <ul class="rows">{changes.map((c) => {
      const p = c.feature.properties;
      return (
        <li key={`${c.at}-${c.id}`} class="row"><button type="button" class="row-link change" onClick={() => onShow(c.kind, c.id)}>
          <time class="change-time" dateTime={new Date(c.at).toISOString()}>{clock(c.at)}</time>
          <span class="row-main"><strong class="row-title">{c.isNew ? t(`ops.new.${c.kind}`) : t(`ops.changed.${c.kind}`)}</strong><span class="row-place">{p.place ?? ''} · {t(`status.${p.status}`)}</span></span>
          <span class={`row-severity severity-${p.severity}`}>{t(`severity.${p.severity}`)}</span>
        </button></li>
      );
    })}</ul>
  );
}

function Chosen({ data, onShow }: { data: MapData; onShow: (kind: 'hotspot' | 'incident', id: string) => void }) {
  const { kind, id } = selected.value!;
  const hotspot = kind === 'hotspot' ? data.hotspots.value.find((h) => h.properties.id === id) : undefined;
  const incident = kind === 'hotspot' ? undefined : data.incidents.value.find((i) => i.properties.id === id);
  return (
    <div class="chosen">
      <button type="button" class="button button-quiet button-small" onClick={() => { selected.value = null; }}><Icon name="back" class="icon-flip" />{t('list.back')}</button>
      {hotspot && <HotspotCard hotspot={hotspot} data={data} onShow={onShow} />}
      {incident && kind === 'cell' && incident.geometry && <CellCard at={incident} data={data} onShow={onShow} />}
      {incident && kind === 'incident' && <IncidentCard incident={incident} ops={data.ops} />}
      {!hotspot && !incident && <Empty title={t('list.gone')}><p>{t('list.gone.why')}</p></Empty>}
    </div>
  );
}
